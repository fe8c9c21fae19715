/** Warps by an affine map in wasm: crops of rotated squares, and aligned chips. */
import type { Matrix } from "./align.ts";
import { FORMATS, type Pixels } from "./image.ts";
import { CROP_BYTES, CROP_SIDE, type ModelExports } from "./model.ts";
import { cropMatrix, type Square } from "./refine.ts";

/** What a warp makes of an image. */
export interface Warp {
  /** From pixels of the output to pixels of the image. */
  readonly inverse: Matrix;
  readonly columns: number;
  /** Bytes of a pixel of the output, and which byte of the image's pixel each of them is. */
  readonly order: readonly number[];
  /** Beyond the image: its edge repeated, or a colour in the order of the output. */
  readonly border: "replicate" | readonly number[];
}

/** Positions are counted in 1/1024 of a pixel, in 32 bits: twice this many pixels from the image's origin. */
const REACH = 2 ** 20;

/** Whether all positions of a warp can be counted; where they can't, next to nothing of the image is in the output. */
export function isWithinReach({ inverse: [a, b, tx, c, d, ty], columns }: Warp, rows: number): boolean {
  return [a * columns, c * columns, tx, ty, b * rows + tx, d * rows + ty].every((v) => Math.abs(v) < REACH);
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

/** The part of the image that holds every pixel that some rows of the output need; never empty. */
function partAround({ width, height }: Pixels, { inverse, columns }: Warp, first: number, rows: number) {
  const [a, b, tx, c, d, ty] = inverse;
  const corners = [first, first + rows - 1].flatMap((y) =>
    [0, columns - 1].map((x) => [a * x + b * y + tx, c * x + d * y + ty] as const),
  );
  // A pixel more on each side: positions are rounded.
  const range = (axis: 0 | 1, size: number) => {
    const values = corners.map((corner) => corner[axis]);
    const inside = (pixel: number) => Math.min(Math.max(pixel, 0), size - 1);
    return [
      inside(Math.floor(Math.min(...values)) - 1),
      inside(Math.floor(Math.max(...values)) + 2) + 1,
    ] as const;
  };
  const [left, right] = range(0, width);
  const [top, bottom] = range(1, height);
  return { left, top, right, bottom };
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
    const from = Math.min(Math.max(y, 0), height - 1) * stride + Math.min(Math.max(x, 0), width - 1) * bytes;
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
