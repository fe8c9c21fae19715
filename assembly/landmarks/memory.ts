/**
 * The memory map. Every buffer is a static region, so its address is a constant of the module, the memory has its
 * final size from the start and nothing allocates later. Regions are zero at the start; the optimiser drops the
 * zeros from the binary. The borders of the activation maps are never written and stay zero: they are the padding
 * of the convolutions. docs/LAYOUTS.md draws what lies in each region.
 */
import { RESIZE_BYTES } from "../image/u8_resize_bilinear_48x48";
import { WARP_BYTES, WARP_COLUMNS } from "../image/u8_warp_bilinear";
import { TILE_BYTES } from "../panels";
import { BATCH, Conv1, Conv2, Conv3, Conv4, Conv5, DEPTHWISE, FC1, FC2, FC3, Input } from "./shape";

/** u8 [BATCH][48][48][3], BGR; kernels read up to 16 bytes behind a crop. */
export const CROP_BYTES: i32 = Input.SIZE * Input.SIZE * Input.CHANNELS;
export const CROPS: usize = memory.data(BATCH * CROP_BYTES + 16, 16);
/** f32 [BATCH][10], in 0..1. */
export const LANDMARKS: usize = memory.data(BATCH * FC3 * 4, 16);
/** f32 [BATCH], in 0..1. */
export const SCORES: usize = memory.data(BATCH * 4, 16);

/** u8: two rows of the part of an image that a crop is made of, and what image/ works in. */
export const PIXELS_BYTES: i32 = 1 << 16;
export const PIXELS_STRIDE: i32 = PIXELS_BYTES + 16; // the last two pixels are read as eight bytes
export const PIXELS: usize = memory.data(2 * PIXELS_STRIDE, 16);
export const RESIZE: usize = memory.data(RESIZE_BYTES, 16);

/** What image/u8_warp_bilinear.ts works in: a warp, a table of its columns, places and u8 pixels of the image. */
export const WARP: usize = memory.data(WARP_BYTES, 16);
export const WARP_TABLE: usize = memory.data(WARP_COLUMNS * 8, 16);
export const WARP_PLACES: usize = memory.data(WARP_COLUMNS * 4 + 16, 16);
export const WINDOW_BYTES: i32 = 1 << 18;
export const WINDOW: usize = memory.data(WINDOW_BYTES + 16, 16);
if (WARP_COLUMNS * 16 > WINDOW_BYTES) ERROR("The pairs of a row are larger than WINDOW.");
/** Rows of a warp's output, or a row of a shrunk image. While a row is shrunk, PIXELS holds its sums, of up to CHIP_BYTES. */
export const CHIP_BYTES: i32 = 1 << 16;
export const CHIP: usize = memory.data(CHIP_BYTES + 16, 16);
if (CHIP_BYTES > PIXELS_BYTES) ERROR("The sums of a shrunk row are larger than PIXELS.");

// All tensors as float32, in the order of src/core/landmarks.ts; `pack` reads them. Each channel of a stage has its weights, a
// bias and, but for fc2 and fc3, scale and shift; each stage but fc3 has a slope. The input has scale and shift alone. The score
// head comes last; three floats more make whole vectors.
export const PARAMETERS_BYTES: i32 =
  4 *
  (2 * Input.CHANNELS +
    (9 * Input.CHANNELS + 3) * Conv1.CHANNELS +
    (9 * Conv1.CHANNELS + 3) * Conv2.CHANNELS +
    (9 * Conv2.CHANNELS + 3) * Conv3.CHANNELS +
    (9 * Conv3.CHANNELS + 3) * Conv4.CHANNELS +
    (9 * Conv4.CHANNELS + 3) * Conv5.CHANNELS +
    (36 + 3) * DEPTHWISE +
    (DEPTHWISE + 3) * FC1 +
    (FC1 + 1) * FC2 +
    (FC2 + 1) * FC3 +
    8 +
    (FC1 + 1) +
    3);
export const PARAMETERS: usize = memory.data(PARAMETERS_BYTES, 16);

// What `pack` makes of them for the kernels: each stage's bias, scale, shift and slope, then its filters or weights.
export const INPUT_WEIGHTS: usize = memory.data(2 * 4 * 4, 16);
export const CONV1_WEIGHTS: usize = memory.data(Conv1.WEIGHTS * 4, 16);
export const CONV2_WEIGHTS: usize = memory.data(Conv2.WEIGHTS * 4, 16);
export const CONV3_WEIGHTS: usize = memory.data(Conv3.WEIGHTS * 4, 16);
export const CONV4_WEIGHTS: usize = memory.data(Conv4.WEIGHTS * 4, 16);
export const CONV5_WEIGHTS: usize = memory.data(Conv5.WEIGHTS * 4, 16);
export const DEPTHWISE_WEIGHTS: usize = memory.data(((36 + 3) * DEPTHWISE + 4) * 4, 16);
export const FC1_WEIGHTS: usize = memory.data(((DEPTHWISE + 3) * FC1 + 4) * 4, 16);
export const FC2_WEIGHTS: usize = memory.data(((FC1 + 3) * FC2 + 4) * 4, 16);
export const FC3_WEIGHTS: usize = memory.data(((FC2 + 3) * 32 + 4) * 4, 16); // ten outputs, padded to a block of 32
export const SCORE_WEIGHTS: usize = memory.data((FC1 + 1) * 4, 16); // the bias last

// Activations, f32 [size+2][size+2][channels]; a stage's output is the next one's input.
export const INPUT_MAP: usize = memory.data((Input.SIZE + 2) * (Input.SIZE + 2) * 4 * 4, 16);
export const CONV1_MAP: usize = memory.data(Conv1.MAP * 4, 16);
export const CONV2_MAP: usize = memory.data(Conv2.MAP * 4, 16);
// From here on for all faces of a batch, whose tiles go together through conv4 and conv5.
export const CONV3_MAP: usize = memory.data(BATCH * Conv3.MAP * 4, 16);
export const CONV4_MAP: usize = memory.data(BATCH * Conv4.MAP * 4, 16);
export const CONV5_MAP: usize = memory.data(BATCH * Conv5.MAP * 4, 16);
export const DEPTHWISE_OUT: usize = memory.data(DEPTHWISE * 4, 16);
export const FC1_OUT: usize = memory.data(FC1 * 4, 16);
export const FC2_OUT: usize = memory.data(FC2 * 4, 16);
export const FC3_OUT: usize = memory.data(32 * 4, 16);
/** The addresses of those with a range, in the order of RANGES. */
export const ACTIVATIONS: usize = memory.data<usize>([
  CONV1_MAP,
  CONV2_MAP,
  CONV3_MAP,
  CONV4_MAP,
  CONV5_MAP,
  DEPTHWISE_OUT,
  FC1_OUT,
  FC2_OUT,
]);

// The int8 network. f32 [8][low, high]: the ranges of the activations after conv1 … conv5, depthwise, fc1 and fc2 …
export const RANGES: usize = memory.data(8 * 2 * 4, 16);
// … by which `packInt8` makes zero points, and as above, but slope, low and high as vectors and the weights as int16 …
export const I8_INPUT_OFFSETS: usize = memory.data(16, 16);
export const I8_CONV1_WEIGHTS: usize = memory.data(Conv1.I8_WEIGHTS, 16);
export const I8_CONV2_WEIGHTS: usize = memory.data(Conv2.I8_WEIGHTS, 16);
export const I8_CONV3_WEIGHTS: usize = memory.data(Conv3.I8_WEIGHTS, 16);
export const I8_CONV4_WEIGHTS: usize = memory.data(Conv4.I8_WEIGHTS, 16);
export const I8_CONV5_WEIGHTS: usize = memory.data(Conv5.I8_WEIGHTS, 16);
export const I8_DEPTHWISE_WEIGHTS: usize = memory.data((2 * 36 + 12) * DEPTHWISE + 48, 16);
export const I8_FC1_WEIGHTS: usize = memory.data((2 * DEPTHWISE + 12) * FC1 + 48, 16);
export const I8_FC2_WEIGHTS: usize = memory.data((2 * FC1 + 12) * FC2 + 48, 16);
export const I8_FC3_WEIGHTS: usize = memory.data((2 * FC2 + 12) * 16 + 48, 16); // ten outputs, padded to sixteen
export const I8_SCORE_WEIGHTS: usize = memory.data((FC1 + 1) * 4, 16); // still f32
// … and activations, i16 [size+2][size+2][channels], the input's by pairs of pixels.
export const I8_INPUT_MAP: usize = memory.data((Input.SIZE + 2) * (Input.SIZE / 2 + 2) * 8 * 2, 16);
export const I8_CONV1_MAP: usize = memory.data(Conv1.MAP * 2, 16);
export const I8_CONV2_MAP: usize = memory.data(Conv2.MAP * 2, 16);
export const I8_CONV3_MAP: usize = memory.data(BATCH * Conv3.MAP * 2, 16);
export const I8_CONV4_MAP: usize = memory.data(BATCH * Conv4.MAP * 2, 16);
export const I8_CONV5_MAP: usize = memory.data(BATCH * Conv5.MAP * 2, 16);
export const I8_DEPTHWISE_OUT: usize = memory.data(DEPTHWISE * 2, 16);
export const I8_FC1_OUT: usize = memory.data(FC1 * 2, 16);
export const I8_FC2_OUT: usize = memory.data(FC2 * 2, 16);

/** For ../panels.ts: conv5's block in float32 is the largest. */
export const SCRATCH: usize = memory.data(TILE_BYTES + Conv5.PANELS, 64);
const ROOM: i32 = Conv5.PANELS;
if (Conv1.PANELS > ROOM || Conv1.I8_PANELS > ROOM) ERROR("conv1's block is larger than the scratch.");
if (Conv2.PANELS > ROOM || Conv2.I8_PANELS > ROOM) ERROR("conv2's block is larger than the scratch.");
if (Conv3.PANELS > ROOM || Conv3.I8_PANELS > ROOM) ERROR("conv3's block is larger than the scratch.");
if (Conv4.PANELS > ROOM || Conv4.I8_PANELS > ROOM) ERROR("conv4's block is larger than the scratch.");
if (Conv5.I8_PANELS > ROOM) ERROR("conv5's block in int8 is larger than the scratch.");
