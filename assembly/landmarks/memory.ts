/**
 * The memory map. Every buffer is a static region, so its address is a constant of the module, the memory has its
 * final size from the start and nothing allocates later. Regions are zero at the start; the optimiser drops the
 * zeros from the binary. The borders of the activation maps are never written and stay zero: they are the padding
 * of the convolutions.
 */

/** u8 [BATCH][48][48][3], BGR. */
export const CROP_BYTES: i32 = 48 * 48 * 3;
export const CROPS: usize = memory.data(16 * 48 * 48 * 3 + 16, 16); // kernels read up to 16 bytes behind a crop
/** f32 [BATCH][10], in 0..1. */
export const LANDMARKS: usize = memory.data(16 * 10 * 4, 16);

/** u8: two rows of the part of an image that a crop is made of, and what image/ works in. */
export const PIXELS_BYTES: i32 = 1 << 16;
export const PIXELS_STRIDE: i32 = (1 << 16) + 16; // reading two pixels takes eight bytes
export const PIXELS: usize = memory.data(2 * ((1 << 16) + 16), 16);
export const RESIZE_COLUMNS: usize = memory.data(48 * 8 + 16, 16);
export const RESIZE_ROW_BYTES: i32 = 48 * 16;
export const RESIZE_ROWS: usize = memory.data(2 * 48 * 16, 16);

/** All tensors as float32, in the order of src/core/tensors.ts; `pack` reads them. */
export const PARAMETERS_BYTES: usize = 190_616 * 4;
export const PARAMETERS: usize = memory.data(190_616 * 4, 16);

// What `pack` makes for the kernels (docs/LAYOUTS.md): bias, scale, shift and slope of each stage …
export const INPUT_PARAMS: usize = memory.data(2 * 4 * 4, 16);
export const CONV1_PARAMS: usize = memory.data((3 * 16 + 1) * 4, 16);
export const CONV2_PARAMS: usize = memory.data((3 * 32 + 1) * 4, 16);
export const CONV3_PARAMS: usize = memory.data((3 * 64 + 1) * 4, 16);
export const CONV4_PARAMS: usize = memory.data((3 * 64 + 1) * 4, 16);
export const CONV5_PARAMS: usize = memory.data((3 * 128 + 1) * 4, 16);
export const DEPTHWISE_PARAMS: usize = memory.data((3 * 128 + 1) * 4, 16);
export const FC1_PARAMS: usize = memory.data((3 * 256 + 1) * 4, 16);
export const FC2_PARAMS: usize = memory.data((3 * 64 + 1) * 4, 16);
export const FC3_PARAMS: usize = memory.data((3 * 32 + 1) * 4, 16);
// … the filters of the convolutions after Winograd's transform, and the weights of the rest.
export const CONV1_FILTERS: usize = memory.data(64 * 3 * 16 * 4, 16);
export const CONV2_FILTERS: usize = memory.data(64 * 16 * 32 * 4, 16);
export const CONV3_FILTERS: usize = memory.data(64 * 32 * 64 * 4, 16);
export const CONV4_FILTERS: usize = memory.data(25 * 64 * 64 * 4, 16);
export const CONV5_FILTERS: usize = memory.data(25 * 64 * 128 * 4, 16);
export const DEPTHWISE_WEIGHTS: usize = memory.data(36 * 128 * 4, 16);
export const FC1_WEIGHTS: usize = memory.data(128 * 256 * 4, 16);
export const FC2_WEIGHTS: usize = memory.data(256 * 64 * 4, 16);
export const FC3_WEIGHTS: usize = memory.data(64 * 32 * 4, 16); // ten outputs, padded to a block of 32

// Activations, f32 [size+2][size+2][channels]; a stage's output is the next one's input.
export const INPUT_MAP: usize = memory.data(50 * 50 * 4 * 4, 16);
export const CONV1_MAP: usize = memory.data(26 * 26 * 16 * 4, 16);
export const CONV2_MAP: usize = memory.data(14 * 14 * 32 * 4, 16);
// From here on for all faces of a batch, whose tiles go together through conv4 and conv5.
export const CONV3_MAP_BYTES: usize = 8 * 8 * 64 * 4;
export const CONV3_MAP: usize = memory.data(16 * 8 * 8 * 64 * 4, 16);
export const CONV4_MAP: usize = memory.data(16 * 8 * 8 * 64 * 4, 16);
export const CONV5_MAP_BYTES: usize = 8 * 8 * 128 * 4;
export const CONV5_MAP: usize = memory.data(16 * 8 * 8 * 128 * 4, 16);
export const DEPTHWISE_OUT: usize = memory.data(128 * 4, 16);
export const FC1_OUT: usize = memory.data(256 * 4, 16);
export const FC2_OUT: usize = memory.data(64 * 4, 16);
export const FC3_OUT: usize = memory.data(32 * 4, 16);

// The weights of network_direct.ts, filled by `packDirect`.
export const DIRECT_CONV1_WEIGHTS: usize = memory.data(9 * 4 * 16 * 4, 16);
export const DIRECT_CONV2_WEIGHTS: usize = memory.data(9 * 16 * 32 * 4, 16);
export const DIRECT_CONV3_WEIGHTS: usize = memory.data(9 * 32 * 64 * 4, 16);
export const DIRECT_CONV4_WEIGHTS: usize = memory.data(9 * 64 * 64 * 4, 16);
export const DIRECT_CONV5_WEIGHTS: usize = memory.data(9 * 64 * 128 * 4, 16);

// The int8 network (network_int8.ts). f32 [8][low, high]: the ranges of the activations after conv1 … conv5, depthwise,
// fc1 and fc2; `packInt8` reads them …
export const RANGES: usize = memory.data(8 * 2 * 4, 16);
// … and makes zero points; bias, scale and shift of each stage with slope, low and high, four times each …
export const I8_INPUT_OFFSETS: usize = memory.data(16, 16);
export const I8_CONV1_PARAMS: usize = memory.data((3 * 16 + 12) * 4, 16);
export const I8_CONV2_PARAMS: usize = memory.data((3 * 32 + 12) * 4, 16);
export const I8_CONV3_PARAMS: usize = memory.data((3 * 64 + 12) * 4, 16);
export const I8_CONV4_PARAMS: usize = memory.data((3 * 64 + 12) * 4, 16);
export const I8_CONV5_PARAMS: usize = memory.data((3 * 128 + 12) * 4, 16);
export const I8_DEPTHWISE_PARAMS: usize = memory.data((3 * 128 + 12) * 4, 16);
export const I8_FC1_PARAMS: usize = memory.data((3 * 256 + 12) * 4, 16);
export const I8_FC2_PARAMS: usize = memory.data((3 * 64 + 12) * 4, 16);
export const I8_FC3_PARAMS: usize = memory.data((3 * 16 + 12) * 4, 16);
// … and filters and weights as int16.
export const I8_CONV1_FILTERS: usize = memory.data(36 * 4 * 16 * 2, 16);
export const I8_CONV2_FILTERS: usize = memory.data(36 * 16 * 32 * 2, 16);
export const I8_CONV3_FILTERS: usize = memory.data(36 * 32 * 64 * 2, 16);
export const I8_CONV4_FILTERS: usize = memory.data(25 * 64 * 64 * 2, 16);
export const I8_CONV5_FILTERS: usize = memory.data(25 * 64 * 128 * 2, 16);
export const I8_DEPTHWISE_WEIGHTS: usize = memory.data(36 * 128 * 2, 16);
export const I8_FC1_WEIGHTS: usize = memory.data(128 * 256 * 2, 16);
export const I8_FC2_WEIGHTS: usize = memory.data(256 * 64 * 2, 16);
export const I8_FC3_WEIGHTS: usize = memory.data(64 * 16 * 2, 16); // ten outputs, padded to sixteen

// Its activations, i16 [size+2][size+2][channels], for all faces of a batch from conv3 on.
export const I8_INPUT_MAP: usize = memory.data(50 * 26 * 8 * 2, 16);
export const I8_CONV1_MAP: usize = memory.data(26 * 26 * 16 * 2, 16);
export const I8_CONV2_MAP: usize = memory.data(14 * 14 * 32 * 2, 16);
export const I8_CONV3_MAP_BYTES: usize = 8 * 8 * 64 * 2;
export const I8_CONV3_MAP: usize = memory.data(16 * 8 * 8 * 64 * 2, 16);
export const I8_CONV4_MAP: usize = memory.data(16 * 8 * 8 * 64 * 2, 16);
export const I8_CONV5_MAP_BYTES: usize = 8 * 8 * 128 * 2;
export const I8_CONV5_MAP: usize = memory.data(16 * 8 * 8 * 128 * 2, 16);
export const I8_DEPTHWISE_OUT: usize = memory.data(128 * 2, 16);
export const I8_FC1_OUT: usize = memory.data(256 * 2, 16);
export const I8_FC2_OUT: usize = memory.data(64 * 2, 16);
