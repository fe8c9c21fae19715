/**
 * The ABI: everything that the module exports. src/core/model.ts is its other side.
 *
 *   relaxed()                     1 when this module uses relaxed SIMD
 *   memory                        fixed size, never grows
 *   batch()                       faces that one forward pass takes
 *   parameters()                  where the caller writes the tensors, float32 in the order of src/weights/tensors.ts;
 *   widen(at, count)              … or the halves of a float16 tensor, at the end of its place, then widens them
 *   finite()                      whether all of them are finite
 *   pack()                        takes the tensors over into the kernels' layouts: once, after all are written
 *   crops()                       where the caller writes crops, u8 [batch][48][48][3] BGR
 *   pixels(), pixelsBytes()       … or, row by row, the pixels of a box, to be made into a crop by
 *   columns(…), stretchRow(place), blendRows(…, slot)      (image/u8_resize_bilinear_48x48.ts)
 *   forward(count)                runs the network on the first `count` crops
 *   packDirect(), forwardDirect(count)   the same by direct convolution: the reference tier
 *   landmarks()                   the results, f32 [batch][10]
 */
import {
  blendRows as resizeBlend,
  columns as resizeColumns,
  stretchRow as resizeStretch,
} from "./image/u8_resize_bilinear_48x48";
import {
  BATCH,
  CROP_BYTES,
  CROPS,
  LANDMARKS,
  PARAMETERS,
  PIXELS,
  PIXELS_BYTES,
  RESIZE_COLUMNS,
  RESIZE_ROW_BYTES,
  RESIZE_ROWS,
} from "./memory";
import { landmarks as network } from "./network";
import { landmarksDirect } from "./network_direct";

export { finite, pack, packDirect, widen } from "./pack";

export function relaxed(): bool {
  return ASC_FEATURE_RELAXED_SIMD;
}

export function batch(): i32 {
  return BATCH;
}

export function parameters(): usize {
  return PARAMETERS;
}

export function crops(): usize {
  return CROPS;
}

export function pixels(): usize {
  return PIXELS;
}

export function pixelsBytes(): i32 {
  return PIXELS_BYTES;
}

/** Begins a box of `width` pixels a row. */
export function columns(width: i32, pixelBytes: i32, order: i32, allPixels: bool): void {
  resizeColumns(RESIZE_COLUMNS, width, pixelBytes, order, allPixels);
}

/** Takes the row that was written at `pixels()` over into place 0 or 1. */
export function stretchRow(place: i32): void {
  resizeStretch(PIXELS, RESIZE_COLUMNS, RESIZE_ROWS + <usize>(place * RESIZE_ROW_BYTES));
}

/** Makes row `y` of the crop `slot` of the rows in two places, for a box of `height` rows. */
export function blendRows(upper: i32, lower: i32, y: i32, height: i32, slot: i32): void {
  resizeBlend(
    RESIZE_ROWS + <usize>(upper * RESIZE_ROW_BYTES),
    RESIZE_ROWS + <usize>(lower * RESIZE_ROW_BYTES),
    y,
    height,
    CROPS + <usize>(slot * CROP_BYTES + y * 48 * 3),
  );
}

export function landmarks(): usize {
  return LANDMARKS;
}

/** Runs the network on the first `count` crops, 1 ≤ count ≤ batch(). */
export function forward(count: i32): void {
  network(CROPS, LANDMARKS, count);
}

/** The same by direct convolution, after `packDirect`. */
export function forwardDirect(count: i32): void {
  for (let i = 0; i < count; i++) {
    landmarksDirect(CROPS + <usize>(i * CROP_BYTES), LANDMARKS + <usize>(i * 40));
  }
}
