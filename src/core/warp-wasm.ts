/** Warps by an affine map in wasm: crops of rotated squares, and aligned chips. */
import type { Engine } from "./align.ts";
import { FORMATS, type Pixels } from "./image.ts";
import { CROP_BYTES, CROP_SIDE, type ModelExports } from "./model.ts";
import { cropMatrix, type Square } from "./refine.ts";
import type { Matrix } from "./similarity.ts";
import { isWithinReach, type Part, partAround, type Warp, warp } from "./warp.ts";

/** Shrinks and warps in the module's memory. */
export function wasmEngine(model: ModelExports): Engine {
  return {
    shrink: (pixels, part, factor) => shrinkInWasm(model, pixels, part, factor),
    warp: (pixels, options, output) => warpInWasm(model, pixels, options, output),
  };
}

/** `warp` of warp.ts, by bands of rows that the chip's region holds. */
function warpInWasm(
  model: ModelExports,
  pixels: Pixels,
  options: Omit<Warp, "order">,
  output: Uint8Array | Uint8ClampedArray,
): void {
  const [bytes] = FORMATS[pixels.format];
  const whole: Warp = { ...options, order: [0, 1, 2, 3].slice(0, bytes) };
  const rowBytes = whole.columns * bytes;
  const rows = output.length / rowBytes;
  if (!isWithinReach(whole, rows)) {
    warp(pixels, options, output);
    return;
  }
  beginWarp(model, pixels, whole);
  const band = Math.floor(model.chipBytes() / rowBytes);
  for (let first = 0; first < rows; first += band) {
    const count = Math.min(band, rows - first);
    warpRows(model, pixels, whole, first, count, model.chip());
    output.set(new Uint8Array(model.memory.buffer, model.chip(), count * rowBytes), first * rowBytes);
  }
}

/** `shrink` of warp.ts. The pixels that become one row pass through the window, as many at a time as it holds. */
function shrinkInWasm(
  model: ModelExports,
  { data, width, height, format, stride }: Pixels,
  { left, top, right, bottom }: Part,
  factor: number,
): Pixels {
  const [bytes] = FORMATS[format];
  const blockBytes = factor * bytes;
  const columns = right - left;
  const shrunk = new Uint8Array(columns * (bottom - top) * bytes);
  const memory = new Uint8Array(model.memory.buffer);
  const room = Math.floor(Math.min(model.windowBytes() / factor, model.chipBytes()) / blockBytes);
  for (let first = left; first < right; first += room) {
    const count = Math.min(room, right - first);
    const rowBytes = count * blockBytes;
    const inside = Math.min(rowBytes, (width - first * factor) * bytes);
    for (let y = top; y < bottom; y++) {
      for (let row = 0; row < factor; row++) {
        const from = Math.min(y * factor + row, height - 1) * stride + first * blockBytes;
        const to = model.window() + row * rowBytes;
        memory.set(data.subarray(from, from + inside), to);
        // The last pixel again, up to a whole block.
        for (let i = inside; i < rowBytes; i++) memory[to + i] = memory[to + i - bytes]!;
      }
      model.shrink(factor, count, bytes);
      const chip = memory.subarray(model.chip(), model.chip() + count * bytes);
      shrunk.set(chip, ((y - top) * columns + first - left) * bytes);
    }
  }
  return { data: shrunk, width: columns, height: bottom - top, format, stride: columns * bytes };
}

/**
 * Makes the square of an image the crop `slot` of the model, 48×48 BGR, its edges repeated beyond the image.
 * @returns false when the square lies too far from the image, and there is no crop
 */
export function squareInto(model: ModelExports, pixels: Pixels, square: Square, slot: number): boolean {
  const [, ...bgr] = FORMATS[pixels.format];
  const warp: Warp = { inverse: cropMatrix(square), columns: CROP_SIDE, order: bgr, border: "replicate" };
  if (!isWithinReach(warp, CROP_SIDE)) return false;
  beginWarp(model, pixels, warp);
  warpRows(model, pixels, warp, 0, CROP_SIDE, model.crops() + slot * CROP_BYTES);
  return true;
}

/** Tells the module what `warpRows` is to do next. */
export function beginWarp(model: ModelExports, pixels: Pixels, warp: Warp): void {
  const { inverse, columns, order, border } = warp;
  const at = model.warp();
  new Float64Array(model.memory.buffer, at, 6).set(inverse);
  const replicate = border === "replicate";
  const word = (bytes: readonly number[]) => bytes.reduce((sum, byte, i) => sum | (byte << (8 * i)), 0);
  new Int32Array(model.memory.buffer, at + 48, 11).set([
    ...[columns, pixels.width, pixels.height, 0, 0, 0],
    ...[FORMATS[pixels.format][0], order.length, word(order)],
    ...[Number(replicate), replicate ? 0 : word(border)],
  ]);
  model.warpColumns();
}

/** A part of an image is copied whole up to so many pixels per pixel of the output: beyond, picking four for each is sooner. */
const DENSE = 6;
/** Pixels of the output whose pairs are picked at once: these stay in the first cache. */
const PICKED = 2048;

/**
 * Makes rows `first` … `first + rows − 1` of the output at `output`. Of the image, the part around them passes through the
 * module's memory or, where this would be much more than they need, the four pixels of each output pixel.
 */
export function warpRows(
  model: ModelExports,
  pixels: Pixels,
  warp: Warp,
  first: number,
  rows: number,
  output: number,
): void {
  const part = partAround(pixels, warp, first, rows);
  const [bytes] = FORMATS[pixels.format];
  const width = part.right - part.left;
  const size = width * (part.bottom - part.top);
  const isDense = size <= DENSE * warp.columns * rows;
  if (isDense && size * bytes <= model.windowBytes()) {
    copyPart(model, pixels, part);
    setWindow(model, part.left, part.top, width * bytes);
    model.warpRows(first, rows, output);
  } else if ((!isDense || rows === 1) && hasPairs(pixels, part)) {
    setWindow(model, 0, 0, pixels.stride);
    const band = Math.max(Math.floor(PICKED / warp.columns), 1);
    for (let row = 0; row < rows; row += band) {
      const count = Math.min(band, rows - row);
      const places = model.warpPlaces(first + row, count);
      copyPairs(model, pixels, places, warp.columns * count);
      model.warpPairs(first + row, count, output + row * warp.columns * warp.order.length);
    }
  } else if (rows > 1) {
    const half = rows >> 1;
    warpRows(model, pixels, warp, first, half, output);
    const next = output + half * warp.columns * warp.order.length;
    warpRows(model, pixels, warp, first + half, rows - half, next);
  } else {
    warpRow(model, pixels, warp, first, output);
  }
}

/** Says with which pixel of the image a window begins, and the bytes from one of its rows to the next. */
function setWindow(model: ModelExports, left: number, top: number, stride: number): void {
  new Int32Array(model.memory.buffer, model.warp() + 60, 3).set([left, top, stride]);
}

function copyPart(model: ModelExports, pixels: Pixels, { left, top, right, bottom }: Part): void {
  const { data, stride, format } = pixels;
  const [bytes] = FORMATS[format];
  const memory = new Uint8Array(model.memory.buffer);
  const rowBytes = (right - left) * bytes;
  for (let y = top, to = model.window(); y < bottom; y++, to += rowBytes) {
    const from = y * stride + left * bytes;
    memory.set(data.subarray(from, from + rowBytes), to);
  }
}

/** Whether `copyPairs` can read all that a part needs: 8 bytes from each of its pixels on, at places of 31 bits. */
function hasPairs({ data, height, stride, format }: Pixels, { right, bottom }: Part): boolean {
  const lastRow = Math.min(Math.max(bottom, 2), height) - 1;
  const end = lastRow * stride + Math.max(right - 2, 0) * FORMATS[format][0] + 8;
  return end <= Math.min(data.length, 2 ** 31);
}

/** Copies the pairs at some places of the image into the window. */
function copyPairs(
  model: ModelExports,
  { data, height, stride }: Pixels,
  places: number,
  count: number,
): void {
  const image = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const memory = new Int32Array(model.memory.buffer);
  const below = height > 1 ? stride : 0;
  const first = places >> 2;
  // Two at a time take three quarters of the time (V8 13.6), so an odd number gets one more.
  memory[first + count] = memory[first]!;
  for (let i = first, to = model.window() >> 2; i < first + count; i += 2, to += 8) {
    copyPair(image, memory[i]!, below, memory, to);
    copyPair(image, memory[i + 1]!, below, memory, to + 4);
  }
}

function copyPair(image: DataView, from: number, below: number, memory: Int32Array, to: number): void {
  memory[to] = image.getInt32(from, true);
  memory[to + 1] = image.getInt32(from + 4, true);
  memory[to + 2] = image.getInt32(from + below, true);
  memory[to + 3] = image.getInt32(from + below + 4, true);
}

/** A row of the output by warp.ts: where the last pixels of an image have fewer than 8 bytes behind them, or it is too large. */
function warpRow(model: ModelExports, pixels: Pixels, warped: Warp, row: number, output: number): void {
  const { inverse, columns, order, border } = warped;
  const [a, b, tx, c, d, ty] = inverse;
  const [bytes] = FORMATS[pixels.format];
  const toRow: Matrix = [a, b, b * row + tx, c, d, d * row + ty];
  const colour = Array.from({ length: bytes }, (_, i) => Number(border[order.indexOf(i)] ?? 0));
  const made = new Uint8Array(columns * bytes);
  warp(pixels, { inverse: toRow, columns, border: border === "replicate" ? border : colour }, made);
  const memory = new Uint8Array(model.memory.buffer);
  for (let x = 0, to = output; x < made.length; x += bytes) {
    for (const byte of order) memory[to++] = made[x + byte]!;
  }
}
