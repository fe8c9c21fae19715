/**
 * The ABI: everything that the module exports. src/core/model.ts is its other side.
 *
 *   relaxed()                     1 when this module uses relaxed SIMD
 *   memory                        fixed size, never grows
 *   batch()                       faces that one forward pass takes
 *   parameters()                  where the caller writes the tensors, float32 in the order of src/core/tensors.ts;
 *   widen(at, count)              … or the halves of a float16 tensor, at the end of its place, then widens them
 *   finite()                      whether all of them are finite
 *   pack()                        takes the tensors over into the kernels' layouts: once, after all are written
 *   crops()                       where the caller writes crops, u8 [batch][48][48][3] BGR
 *   pixels(place), pixelsBytes()  … or rows of a box's pixels, in place 0 and 1, to be made into a crop by
 *   columns(…), cropRow(…, slot)                           (image/u8_resize_bilinear_48x48.ts)
 *   forward(count)                runs the network on the first `count` crops
 *   ranges()                      where the caller writes f32 [8][low, high]: the activations after conv1 … fc2
 *   packInt8(), forwardInt8(count)       the same in int8
 *   activations(stage)            what `forward(1)` left after a stage, in the order of the ranges: f32
 *                                 [size+2][size+2][channels] of a convolution, [channels] of the others
 *   landmarks()                   the results, f32 [batch][10]
 */
import {
  blendRows as resizeBlend,
  columns as resizeColumns,
  stretchRow as resizeStretch,
} from "../image/u8_resize_bilinear_48x48";
import * as m from "./memory";
import { landmarks as network } from "./network";
import { landmarksInt8 } from "./network_int8";

import { BATCH } from "./shape";

export { finite, pack, widen } from "./pack";
export { packInt8 } from "./pack_int8";

export function relaxed(): bool {
  return ASC_FEATURE_RELAXED_SIMD;
}

export function batch(): i32 {
  return BATCH;
}

export function parameters(): usize {
  return m.PARAMETERS;
}

export function crops(): usize {
  return m.CROPS;
}

export function pixels(place: i32): usize {
  return m.PIXELS + <usize>(place * m.PIXELS_STRIDE);
}

export function pixelsBytes(): i32 {
  return m.PIXELS_BYTES;
}

/** Begins a box of `width` pixels a row. */
export function columns(width: i32, pixelBytes: i32, order: i32, allPixels: bool): void {
  resizeColumns(m.RESIZE_COLUMNS, width, pixelBytes, order, allPixels);
}

function stretched(place: i32): usize {
  return m.RESIZE_ROWS + <usize>(place * m.RESIZE_ROW_BYTES);
}

/**
 * Makes row `y` of the crop `slot`, for a box of `height` rows, of the rows in the places `upper` and `lower`.
 * @param brought the bits of the places whose pixels are new; of the others the row stretched before is at hand
 */
export function cropRow(upper: i32, lower: i32, brought: i32, y: i32, height: i32, slot: i32): void {
  if (brought & 1) resizeStretch(pixels(0), m.RESIZE_COLUMNS, stretched(0));
  if (brought & 2) resizeStretch(pixels(1), m.RESIZE_COLUMNS, stretched(1));
  resizeBlend(
    stretched(upper),
    stretched(lower),
    y,
    height,
    m.CROPS + <usize>(slot * m.CROP_BYTES + y * 48 * 3),
  );
}

export function landmarks(): usize {
  return m.LANDMARKS;
}

/** Runs the network on the first `count` crops, 1 ≤ count ≤ batch(). */
export function forward(count: i32): void {
  network(m.CROPS, m.LANDMARKS, count);
}

export function ranges(): usize {
  return m.RANGES;
}

/** The same in int8, after `packInt8`. */
export function forwardInt8(count: i32): void {
  landmarksInt8(m.CROPS, m.LANDMARKS, count);
}

export function activations(stage: i32): usize {
  switch (stage) {
    case 0:
      return m.CONV1_MAP;
    case 1:
      return m.CONV2_MAP;
    case 2:
      return m.CONV3_MAP;
    case 3:
      return m.CONV4_MAP;
    case 4:
      return m.CONV5_MAP;
    case 5:
      return m.DEPTHWISE_OUT;
    case 6:
      return m.FC1_OUT;
    default:
      return m.FC2_OUT;
  }
}
