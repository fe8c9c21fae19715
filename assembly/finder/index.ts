/**
 * The finder's ABI: everything that its module exports. src/core/finder/model.ts is its other side.
 *
 *   relaxed()                     1 when this module uses relaxed SIMD
 *   memory                        grown by `reserve`, never after
 *   reserve(maxSide)              lays out the memory for images up to maxSide pixels wide and high: once, before the rest;
 *                                 whether there is as much
 *   parameters()                  where the caller writes the tensors, float32 in the order of src/core/finder/network.ts;
 *   widen(at, count)              … or the halves of a float16 tensor, at the end of its place, then widens them
 *   finite()                      whether all of them are finite
 *   pack()                        takes the tensors over into the kernels' layouts: once, after all are written
 *   beginCanvas(…)                begins an image that is shrunk to width × height pixels,
 *   row(slot), rowBytes()         of which the caller writes rows, row j in slot j mod 8,
 *   canvasRow(y, …)               of which a row of the canvas is made (image/u8_shrink_area.ts)
 *   canvas()                      u8 [height][width][3] RGB, sides padded to multiples of 32 by black
 *   forward()                     runs the network on the canvas
 *   decode(minScore, minLogit)    how many cells of the heads score at least minScore; minLogit is what their first output is then
 *                                 at least; −1 when the network overflows
 *   candidates()                  what they propose, f32 [count][score, left, top, right, bottom] in pixels of the canvas
 */
import { columnTaps, rowTaps, shrinkColumns, shrinkRow } from "../image/u8_shrink_area";
import { decode as decodeCells } from "./decode";
import * as m from "./memory";
import { forward as network } from "./network";
import { CELL } from "./shape";

export { widen } from "../packing";
export { finite, pack } from "./pack";

export function relaxed(): bool {
  return ASC_FEATURE_RELAXED_SIMD;
}


@inline
function padded(side: i32): i32 {
  return (side + CELL - 1) & -CELL;
}

export function reserve(maxSide: i32): bool {
  return m.reserve(padded(maxSide));
}

export function parameters(): usize {
  return m.PARAMETERS;
}

// The image on the canvas: its size, its pixels and the bytes of a row that are read.
let width: i32 = 0;
let height: i32 = 0;
let pixelBytes: i32 = 0;
let order: i32 = 0;
let rowLength: i32 = 0;

export function row(slot: i32): usize {
  return m.ROWS + <usize>(slot * m.ROW_STRIDE);
}

export function rowBytes(): i32 {
  return m.ROW_BYTES;
}

/**
 * @param imageWidth pixels of a row of the image, of which every `columnStep`-th is read
 * @param bytesOfPixel how many each has
 * @param bytesOrder which of them are blue, green and red, from the lowest byte
 */
export function beginCanvas(
  canvasWidth: i32,
  canvasHeight: i32,
  imageWidth: f64,
  columnStep: i32,
  bytesOfPixel: i32,
  bytesOrder: i32,
): void {
  width = canvasWidth;
  height = canvasHeight;
  pixelBytes = bytesOfPixel;
  order = bytesOrder;
  rowLength = <i32>ceil<f64>(imageWidth / <f64>columnStep) * pixelBytes;
  columnTaps(m.COLUMN_TABLE, width, imageWidth, columnStep, pixelBytes);
  memory.fill(m.CANVAS, 0, <usize>(padded(width) * padded(height) * 3));
}

/** Makes row `y` of the canvas of an image of `imageHeight` rows, of which every `rowStep`-th is read. */
export function canvasRow(y: i32, imageHeight: f64, rowStep: i32): void {
  const end = rowTaps(m.ROW_TAPS, m.ROWS, m.ROW_STRIDE, y, height, imageHeight, rowStep);
  shrinkColumns(m.ROW_TAPS, end, rowLength, m.COLUMNS);
  shrinkRow(m.COLUMNS, m.COLUMN_TABLE, width, pixelBytes, order, m.CANVAS + <usize>(y * padded(width) * 3));
}

export function canvas(): usize {
  return m.CANVAS;
}

export function forward(): void {
  network(padded(width), padded(height));
}

export function decode(minScore: f64, minLogit: f32): i32 {
  let end = m.CANDIDATES;
  end = decodeHead(m.CONV11_MAP, m.HEAD8_WEIGHTS, 8, minScore, minLogit, end);
  if (end) end = decodeHead(m.CONV10_MAP, m.HEAD16_WEIGHTS, 16, minScore, minLogit, end);
  if (end) end = decodeHead(m.CONV9_MAP, m.HEAD32_WEIGHTS, 32, minScore, minLogit, end);
  return end ? <i32>(end - m.CANDIDATES) / 20 : -1;
}

function decodeHead(
  map: usize,
  weights: usize,
  stride: i32,
  minScore: f64,
  minLogit: f32,
  candidates: usize,
): usize {
  const w = padded(width) / stride;
  const h = padded(height) / stride;
  return decodeCells(map, weights, w, h, stride, minScore, minLogit, candidates);
}

export function candidates(): usize {
  return m.CANDIDATES;
}
