/** Warps by an affine map, and shrinking by a whole factor before, in TypeScript; warp-wasm.ts gives the same bytes in wasm. */
import { FORMATS, type Pixels } from "./image.ts";
import type { Matrix } from "./similarity.ts";

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

/** A rectangle of an image in whole pixels; `right` and `bottom` lie behind it. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The pixel of 0 … size − 1 that is nearest. */
export const clamp = (pixel: number, size: number): number => Math.min(Math.max(pixel, 0), size - 1);

/** Positions are counted in 1/1024 of a pixel, in 32 bits: twice this many pixels from the image's origin. */
const REACH = 2 ** 20;

/** Whether the wasm can count all positions of a warp; where it can't, next to nothing of the image is in the output. */
export function isWithinReach({ inverse: [a, b, tx, c, d, ty], columns }: Warp, rows: number): boolean {
  return [a * columns, c * columns, tx, ty, b * rows + tx, d * rows + ty].every((v) => Math.abs(v) < REACH);
}

/** The part of the image that holds every pixel that some rows of the output need; never empty. */
export function partAround(
  { width, height }: Pick<Pixels, "width" | "height">,
  { inverse, columns }: Pick<Warp, "inverse" | "columns">,
  first: number,
  rows: number,
): Part {
  const [a, b, tx, c, d, ty] = inverse;
  /** The least and the greatest of `start + across · x + down · y`, and a pixel more on each side: positions are rounded. */
  const range = (across: number, down: number, start: number, size: number) => {
    const [upper, lower] = [start + down * first, start + down * (first + rows - 1)];
    const wide = across * (columns - 1);
    const least = Math.min(upper, lower) + Math.min(0, wide);
    const greatest = Math.max(upper, lower) + Math.max(0, wide);
    return [clamp(Math.floor(least) - 1, size), clamp(Math.floor(greatest) + 2, size) + 1] as const;
  };
  const [left, right] = range(a, b, tx, width);
  const [top, bottom] = range(c, d, ty, height);
  return { left, top, right, bottom };
}

/** Rounds to the nearest whole number, halves to the even one: so far from 0, a double has no bits below 1. */
const round = (value: number) => value + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;

/**
 * `warpAffine` of OpenCV 4 on bytes, bilinear: the terms of column and row are each rounded to 1/1024, their sum to 1/32; the
 * four pixels around a position are weighted in 32 × 32 steps. Pixels keep their format.
 * @param output a whole number of rows
 */
export function warp(
  { data, width, height, format, stride }: Pixels,
  { inverse, columns, border }: Omit<Warp, "order">,
  output: Uint8Array | Uint8ClampedArray,
): void {
  const [bytes] = FORMATS[format];
  const [a, b, tx, c, d, ty] = inverse;
  const pixel = (x: number, y: number, i: number) =>
    border === "replicate" || (x >= 0 && x < width && y >= 0 && y < height)
      ? data[clamp(y, height) * stride + clamp(x, width) * bytes + i]!
      : border[i]!;
  for (let to = 0, y = 0; to < output.length; y++) {
    const rowX = round((b * y + tx) * 1024) + 16;
    const rowY = round((d * y + ty) * 1024) + 16;
    for (let x = 0; x < columns; x++, to += bytes) {
      const X = Math.floor((rowX + round(a * x * 1024)) / 32);
      const Y = Math.floor((rowY + round(c * x * 1024)) / 32);
      const left = Math.floor(X / 32);
      const top = Math.floor(Y / 32);
      const [w, v] = [X & 31, Y & 31];
      const isInside = left >= 0 && left + 1 < width && top >= 0 && top + 1 < height;
      const from = top * stride + left * bytes;
      for (let i = 0; i < bytes; i++) {
        let above: number;
        let below: number;
        if (isInside) {
          const at = from + i;
          above = (32 - w) * data[at]! + w * data[at + bytes]!;
          below = (32 - w) * data[at + stride]! + w * data[at + stride + bytes]!;
        } else {
          above = (32 - w) * pixel(left, top, i) + w * pixel(left + 1, top, i);
          below = (32 - w) * pixel(left, top + 1, i) + w * pixel(left + 1, top + 1, i);
        }
        output[to + i] = ((32 - v) * above + v * below + 512) >> 10;
      }
    }
  }
}

/** The largest factor of `shrink`: a column of so many bytes still sums up in 16 bits, and their square in a float32. */
export const MOST_SHRUNK = 256;

/** The size of an image that is shrunk by a whole factor; its last column and row may lie partly beyond it. */
export function shrunkSize({ width, height }: Pick<Pixels, "width" | "height">, factor: number) {
  return { width: Math.ceil(width / factor), height: Math.ceil(height / factor) };
}

/**
 * A part of an image shrunk by a whole factor, as OpenCV's `resize(…, INTER_AREA)` does: pixel (x, y) is the mean of
 * factor × factor pixels from (x · factor, y · factor) on. Beyond the image its edge is repeated.
 * @param part in pixels of the shrunk image
 * @param factor 2 to MOST_SHRUNK
 */
export function shrink(
  { data, width, height, format, stride }: Pixels,
  { left, top, right, bottom }: Part,
  factor: number,
): Pixels {
  const [bytes] = FORMATS[format];
  const columns = right - left;
  const shrunk = new Uint8Array(columns * (bottom - top) * bytes);
  const sums = new Uint32Array(columns * bytes);
  const weight = Math.fround(1 / factor ** 2);
  const bias = factor === 2 ? 0.5 : 0; // OpenCV rounds halves up here, else to even
  for (let to = 0, y = top; y < bottom; y++) {
    sums.fill(0);
    for (let row = y * factor; row < (y + 1) * factor; row++) {
      const start = Math.min(row, height - 1) * stride;
      for (let x = 0; x < columns; x++) {
        const first = (left + x) * factor;
        for (let column = first; column < first + factor; column++) {
          const from = start + Math.min(column, width - 1) * bytes;
          for (let i = 0; i < bytes; i++) sums[x * bytes + i]! += data[from + i]!;
        }
      }
    }
    for (const sum of sums) shrunk[to++] = round(Math.fround((sum + bias) * weight));
  }
  return { data: shrunk, width: columns, height: bottom - top, format, stride: columns * bytes };
}
