/**
 * The ABI: everything that the module exports. src/core/model.ts is its other side.
 *
 *   relaxed()                     1 when this module uses relaxed SIMD
 *   memory                        fixed size, never grows
 *   batch()                       faces that one forward pass takes
 *   parameters()                  where the caller writes the tensors, float32 in the order of src/core/landmarks.ts;
 *   widen(at, count)              … or the halves of a float16 tensor, at the end of its region, then widens them
 *   finite()                      whether all of them are finite
 *   pack()                        takes the tensors over into the kernels' layouts: once, after all are written
 *   crops()                       where the caller writes crops, u8 [batch][48][48][3] BGR
 *   box(width, height, pixelBytes, order)   … or begins a box of an image, from whose rows the module makes a crop
 *                                 (image/u8_resize_bilinear_48x48.ts). Returns whether the caller writes whole rows
 *   taps()                        i32 [2][48][first, second, …], the pixels and the rows of the box that the crop lies between
 *   pixels(row)                   where the caller writes a row of the box, two at most, before
 *   cropRow(y, slot)              makes a row of the crop from the two rows that it lies between
 *   warp()                        where the caller writes a warp of an image (image/u8_warp_bilinear.ts), to be begun by
 *   warpColumns();                then, for each part of its output,
 *   window(), windowBytes()       where the caller writes the pixels of the image that
 *   warpRows(first, rows, output) needs, or
 *   warpPlaces(first, rows)       returns where in the image the four pixels of each pixel of these rows lie, i32 [rows][columns], and
 *   warpPairs(first, rows, output)   makes the rows of them, which the caller wrote to window(); of 8,192 pixels at most
 *   chip(), chipBytes()           room for rows of an output, which the caller copies out
 *   shrink(factor, columns, pixelBytes)     makes the means of factor × factor pixels, a row at chip(), of rows at window()
 *                                 (image/u8_shrink_whole.ts). A row at window() has at most chipBytes() bytes
 *   laplacianVariance(columns, rows, pixelBytes, order)     of an image that the caller wrote to chip()
 *                                 (image/u8_laplacian_variance.ts); window() is used up
 *   forward(count)                runs the network on the first `count` crops, 1 ≤ count ≤ batch()
 *   ranges()                      where the caller writes f32 [8][low, high]: the activations after conv1 … fc2
 *   packInt8(), forwardInt8(count)       the same in int8; the first returns whether the tensors can be packed
 *   activations(stage)            what `forward(1)` left after a stage, in the order of the ranges: f32
 *                                 [size+2][size+2][channels] of a convolution, [channels] of the others
 *   landmarks(), scores()         the results, f32 [batch][10], NaN where the network overflows, and f32 [batch]
 */
import { laplacianVariance as varianceOf } from "../image/u8_laplacian_variance";
import { beginBox, boxRow } from "../image/u8_resize_bilinear_48x48";
import { shrinkWhole } from "../image/u8_shrink_whole";
import {
  warpColumns as beginWarp,
  warpPlaces as placesOfRows,
  warpRows as rowsOf,
} from "../image/u8_warp_bilinear";
import * as m from "./memory";
import { landmarks as network } from "./network";
import { landmarksInt8 } from "./network_int8";
import { BATCH, Input } from "./shape";

export { widen } from "../packing";
export { finite, pack } from "./pack";
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

export function box(width: i32, height: i32, pixelBytes: i32, order: i32): bool {
  return beginBox(m.RESIZE, m.PIXELS_BYTES, width, height, pixelBytes, order);
}

export function taps(): usize {
  return m.RESIZE;
}

export function pixels(row: i32): usize {
  return m.PIXELS + (row & 1) * m.PIXELS_STRIDE;
}

export function cropRow(y: i32, slot: i32): void {
  const row = m.CROPS + slot * m.CROP_BYTES + y * Input.SIZE * 3;
  boxRow(m.RESIZE, m.PIXELS, m.PIXELS_STRIDE, y, row);
}

export function warp(): usize {
  return m.WARP;
}

export function window(): usize {
  return m.WINDOW;
}

export function windowBytes(): i32 {
  return m.WINDOW_BYTES;
}

export function warpColumns(): void {
  beginWarp(m.WARP, m.WARP_TABLE);
}

export function warpRows(first: i32, rows: i32, output: usize): void {
  rowsOf(m.WARP, m.WARP_TABLE, m.WINDOW, false, first, rows, output);
}

export function warpPlaces(first: i32, rows: i32): usize {
  placesOfRows(m.WARP, m.WARP_TABLE, first, rows, m.WARP_PLACES);
  return m.WARP_PLACES;
}

export function warpPairs(first: i32, rows: i32, output: usize): void {
  rowsOf(m.WARP, m.WARP_TABLE, m.WINDOW, true, first, rows, output);
}

export function chip(): usize {
  return m.CHIP;
}

export function chipBytes(): i32 {
  return m.CHIP_BYTES;
}

export function shrink(factor: i32, columns: i32, pixelBytes: i32): void {
  shrinkWhole(m.WINDOW, m.PIXELS, factor, columns, pixelBytes, m.CHIP);
}

export function laplacianVariance(columns: i32, rows: i32, pixelBytes: i32, order: u32): f64 {
  return varianceOf(m.CHIP, columns, rows, pixelBytes, order, m.WINDOW);
}

export function landmarks(): usize {
  return m.LANDMARKS;
}

export function scores(): usize {
  return m.SCORES;
}

export function forward(count: i32): void {
  network(m.CROPS, m.LANDMARKS, m.SCORES, count);
}

export function ranges(): usize {
  return m.RANGES;
}

export function forwardInt8(count: i32): void {
  landmarksInt8(m.CROPS, m.LANDMARKS, m.SCORES, count);
}

export function activations(stage: i32): usize {
  return load<usize>(m.ACTIVATIONS + ((<usize>stage) << 2));
}
