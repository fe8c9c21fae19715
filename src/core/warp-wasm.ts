/** Warps by an affine map in wasm: crops of rotated squares, and aligned chips. */
import type { Engine } from "./align.ts";
import { FORMATS, type Pixels } from "./image.ts";
import { CROP_BYTES, CROP_SIDE, type ModelExports } from "./model.ts";
import { cropMatrix, type Square } from "./refine.ts";
import { clamp, isWithinReach, type Part, partAround, type Warp, warp } from "./warp.ts";

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
  const { left, top, right, bottom } = partAround(pixels, warp, first, rows);
  const [bytes] = FORMATS[pixels.format];
  const stride = (right - left) * bytes;
  const size = stride * (bottom - top);
  // A byte of a copied row takes a tenth of the time of one that is picked.
  const isDense = size <= 10 * (4 * bytes * warp.columns * rows);
  if (isDense && size <= model.windowBytes()) {
    const memory = new Uint8Array(model.memory.buffer);
    for (let y = top; y < bottom; y++) {
      const from = y * pixels.stride + left * bytes;
      memory.set(pixels.data.subarray(from, from + stride), model.window() + (y - top) * stride);
    }
    new Int32Array(model.memory.buffer, model.warp() + 60, 3).set([left, top, stride]);
    model.warpRows(first, rows, output);
  } else if (isDense && rows > 1) {
    const half = rows >> 1;
    warpRows(model, pixels, warp, first, half, output);
    const next = output + half * warp.columns * warp.order.length;
    warpRows(model, pixels, warp, first + half, rows - half, next);
  } else {
    for (let row = 0; row < rows; row++) {
      pickTaps(model, pixels, warp, first + row);
      model.warpTaps(output + row * warp.columns * warp.order.length);
    }
  }
}

/** Writes the four pixels of each column of a row into the window. */
function pickTaps(model: ModelExports, pixels: Pixels, { columns, border, order }: Warp, row: number): void {
  const { data, width, height, stride } = pixels;
  const [bytes] = FORMATS[pixels.format];
  const memory = new Uint8Array(model.memory.buffer);
  const places = new Int32Array(model.memory.buffer, model.warpPlaces(row), 2 * columns);
  let to = model.window();
  const pick = (x: number, y: number) => {
    if (border !== "replicate" && !(x >= 0 && x < width && y >= 0 && y < height)) {
      order.forEach((from, i) => {
        memory[to + from] = border[i]!;
      });
      to += bytes;
      return;
    }
    const from = clamp(y, height) * stride + clamp(x, width) * bytes;
    for (let i = 0; i < bytes; i++) memory[to++] = data[from + i]!;
  };
  for (let x = 0; x < columns; x++) {
    const left = places[2 * x]! >> 5;
    const top = places[2 * x + 1]! >> 5;
    if (left >= 0 && left + 1 < width && top >= 0 && top + 1 < height) {
      let from = top * stride + left * bytes;
      for (let i = 0; i < 2 * bytes; i++) memory[to++] = data[from + i]!;
      from += stride;
      for (let i = 0; i < 2 * bytes; i++) memory[to++] = data[from + i]!;
    } else {
      pick(left, top);
      pick(left + 1, top);
      pick(left, top + 1);
      pick(left + 1, top + 1);
    }
  }
}
