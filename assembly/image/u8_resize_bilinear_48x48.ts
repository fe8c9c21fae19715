/**
 * Resizes a box of an image to 48×48 BGR as OpenCV's `resize(…, INTER_LINEAR)` does on bytes: fixed-point weights of
 * 11 bits, first along the rows, then down the columns.
 *
 *   position(i) = (i + ½) · size / 48 − ½         in float32 after the product in float64
 *   tap = ⌊position⌋, weight of the next = round(2048 · (position − tap)), of this = round(2048 · (1 − …))
 *   row(x)   = left · w₀ + right · w₁
 *   pixel(y) = ((w₀ · (upper ≫ 4)) ≫ 16) + ((w₁ · (lower ≫ 4)) ≫ 16) + 2 ≫ 2
 *
 * The caller goes through the 48 rows of the crop and writes the two rows of the image that each needs, so that an image
 * of any size passes through a few kilobytes and the network's weights stay in the cache. It calls `beginBox` for each box,
 * then `boxRow` for each row of the crop, from first to last.
 *
 * work    RESIZE_BYTES, whose beginning the caller reads: i32 [2][48][first, second, weights, offset], for each column and
 *         then for each row of the crop the two pixels or rows of the box that it lies between
 * pixels  u8 rows of the box, the even ones here, the odd ones `stride` bytes on: either whole or, of each column, the two
 *         pixels, side by side. Up to 7 bytes beyond are read
 * order   bytes of a pixel that hold blue, green and red, from the lowest byte
 * output  u8 [48][3], a row of the crop
 *
 * A 48×48 box passes through unchanged and an exact halving is the mean of four, as OpenCV has them.
 * Reference: OpenCV itself (test/fixtures/make_resize.py).
 */
import { interleaved } from "./interleave";

const SIDE = 48;
// In `work`: columns, rows, then the last even and the last odd row(x) ≫ 4, i32 [48][blue, green, red, any], and their numbers.
const ROW_BYTES: usize = SIDE * 16;
const STRETCHED: usize = 2 * ROW_BYTES;
const NUMBERS: usize = 4 * ROW_BYTES;
const INTERLEAVE: usize = NUMBERS + 16;
export const RESIZE_BYTES: i32 = SIDE * 16 * 4 + 32;

const ROUND: usize = memory.data<i32>([2, 2, 2, 2], 16);

/** Fills a table for `size` pixels. At the edges a column takes its pixel alone, a row keeps both weights, as in OpenCV. */
function fillTaps(table: usize, size: i32, isRow: bool): void {
  const scale = <f64>size / SIDE;
  for (let i = 0; i < SIDE; i++, table += 16) {
    const position = <f32>((<f64>i + 0.5) * scale - 0.5);
    const tap = <i32>floor<f32>(position);
    const inside = tap >= 0 && tap < size - 1;
    const fraction: f32 = inside || isRow ? position - <f32>tap : 0;
    const weight = <i32>nearest<f32>((<f32>1 - fraction) * 2048);
    store<i32>(table, min(max(tap, 0), size - 1));
    store<i32>(table, min(tap + 1, size - 1), 4);
    store<i32>(table, weight | ((<i32>nearest<f32>(fraction * 2048)) << 16), 8);
  }
}

/** Returns whether the caller writes whole rows: those of `width` pixels fit into `room` bytes. */
export function beginBox(work: usize, room: i32, width: i32, height: i32, pixelBytes: i32, order: i32): bool {
  const wholeRows = width <= room / pixelBytes;
  fillTaps(work, width, false);
  fillTaps(work + ROW_BYTES, height, true);
  for (let x = 0; x < SIDE; x++) {
    const column = work + <usize>x * 16;
    store<i32>(column, (wholeRows ? load<i32>(column) : 2 * x) * pixelBytes, 12);
  }
  store<i64>(work + NUMBERS, -1);
  v128.store(work + INTERLEAVE, interleaved(order, 3, pixelBytes));
  return wholeRows;
}

/** Row `row` of the box along the crop. */
function stretched(work: usize, pixels: usize, stride: usize, row: i32): usize {
  const odd: usize = row & 1;
  const number = work + NUMBERS + (odd << 2);
  const target = work + STRETCHED + odd * ROW_BYTES;
  if (load<i32>(number) == row) return target;
  store<i32>(number, row);
  const interleave = v128.load(work + INTERLEAVE);
  const source = pixels + odd * stride;
  for (let at: usize = 0; at < ROW_BYTES; at += 16) {
    const pair = v128.load64_zero(source + load<i32>(work + at, 12));
    const sum = i32x4.dot_i16x8_s(i8x16.swizzle(pair, interleave), v128.load32_splat(work + at, 8));
    v128.store(target + at, i32x4.shr_s(sum, 4));
  }
  return target;
}

/** The products as those of int16 pairs whose second is zero: exact, and quicker than i32x4.mul. */
@inline
function blend(upper: v128, lower: v128, w0: v128, w1: v128): v128 {
  const a = i32x4.shr_s(i32x4.dot_i16x8_s(upper, w0), 16);
  const b = i32x4.shr_s(i32x4.dot_i16x8_s(lower, w1), 16);
  return i32x4.shr_s(i32x4.add(i32x4.add(a, b), v128.load(ROUND)), 2);
}

/** Row `y` of the crop, whose two rows of the box are in `pixels`, unless an earlier row of the crop needed them too. */
export function boxRow(work: usize, pixels: usize, stride: usize, y: i32, output: usize): void {
  const taps = work + ROW_BYTES + <usize>y * 16;
  let upper = stretched(work, pixels, stride, load<i32>(taps));
  let lower = stretched(work, pixels, stride, load<i32>(taps, 4));
  const w0 = i32x4.splat(load<u16>(taps, 8));
  const w1 = i32x4.splat(load<u16>(taps, 10));
  for (const end = upper + ROW_BYTES; upper < end; upper += 64) {
    const ab = i16x8.narrow_i32x4_u(
      blend(v128.load(upper), v128.load(lower), w0, w1),
      blend(v128.load(upper, 16), v128.load(lower, 16), w0, w1),
    );
    const cd = i16x8.narrow_i32x4_u(
      blend(v128.load(upper, 32), v128.load(lower, 32), w0, w1),
      blend(v128.load(upper, 48), v128.load(lower, 48), w0, w1),
    );
    const bytes = i8x16.narrow_i16x8_u(ab, cd);
    const pixels = i8x16.shuffle(bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
    v128.store64_lane(output, pixels, 0);
    v128.store32_lane(output, pixels, 2, 8);
    lower += 64;
    output += 12;
  }
}
