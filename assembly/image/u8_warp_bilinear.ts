/**
 * Warps an image by an affine map as OpenCV's `warpAffine(…, INTER_LINEAR)` does on bytes: positions in 1/32 of a pixel, the
 * terms of column and row rounded apart, and the four pixels around weighted by 32 × 32 steps.
 *
 *   X(x, y) = ⌊(round(1024 · a · x) + round(1024 · (b · y + tx)) + 16) / 32⌋     Y alike, by c, d and ty; in float64
 *   left = ⌊X / 32⌋, w = X − 32 · left; top = ⌊Y / 32⌋, v = Y − 32 · top
 *   above = (32 − w) · pixel(left, top) + w · pixel(left + 1, top), below alike in the next row
 *   output = ((32 − v) · above + v · below + 512) ≫ 10
 *
 * A pixel beyond the image is the border's colour, or with `replicate` the nearest one inside.
 *
 * window  u8 rows of the part of the image that holds every pixel needed; up to 7 bytes beyond it are read
 * taps    u8 [columns][2][2][pixelBytes]: of one row of the output the four pixels of each column, where they lie too
 *         far apart for a window. The caller has seen to the border. Up to 7 bytes beyond are read
 * table   i32 [columns][2]: what each column adds to X and Y
 * output  u8 [rows][columns][channels]
 *
 * Reference: OpenCV itself (test/fixtures/make_align.py).
 */
import { interleaved } from "./interleave";

/** Bytes of a warp, and the most columns of its output. */
export const WARP_BYTES: i32 = 96;
export const WARP_COLUMNS: i32 = 8192;

/** One warp. src/core/warp.ts writes it, field by field. */
@unmanaged
class Warp {
  /** From pixels of the output to pixels of the image, row by row. */
  a: f64;
  b: f64;
  tx: f64;
  c: f64;
  d: f64;
  ty: f64;
  /** Pixels in a row of the output. */
  columns: i32;
  /** The image's size. */
  width: i32;
  height: i32;
  /** The pixel of the image that the window begins with, and the bytes from one of its rows to the next. */
  left: i32;
  top: i32;
  stride: i32;
  /** Bytes of a pixel of the image. */
  pixelBytes: i32;
  /** Bytes of a pixel of the output, 1, 3 or 4 … */
  channels: i32;
  /** … and which byte of the image's pixel each of them is, from the lowest byte. */
  order: u32;
  /** Whether the border repeats the image's edge … */
  replicate: i32;
  /** … or else its colour, in the order of the output. */
  colour: u32;
}

/** Halves of both weights' sum. */
const HALF: usize = memory.data<i32>([512, 512, 512, 512], 16);

/** round(1024 · value), ties to even. */
@inline
function steps(value: f64): i32 {
  return <i32>nearest<f64>(value * 1024);
}

/** What each column adds to X and Y; once per warp. */
export function warpColumns(at: usize, table: usize): void {
  const warp = changetype<Warp>(at);
  for (let x = 0; x < warp.columns; x++, table += 8) {
    store<i32>(table, steps(warp.a * <f64>x));
    store<i32>(table, steps(warp.c * <f64>x), 4);
  }
}

/** The four channels, one a lane, of the pairs above and below: the weights multiplied out, at most 1,024. */
@inline
function blend(above: v128, below: v128, x: i32, y: i32): v128 {
  const across = 32 + (x & 31) * 0xffff; // 32 − w and w, as two 16-bit lanes
  const lower = (y & 31) * across;
  const sum = i32x4.add(
    i32x4.dot_i16x8_s(above, i32x4.splat((across << 5) - lower)),
    i32x4.dot_i16x8_s(below, i32x4.splat(lower)),
  );
  return i32x4.shr_u(i32x4.add(sum, v128.load(HALF)), 10);
}

/** Stores the low bytes of the first `channels` lanes. */
@inline
function put(output: usize, pixel: v128, channels: i32): void {
  const bytes = i8x16.shuffle(pixel, pixel, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  if (channels == 4) {
    v128.store32_lane(output, bytes, 0);
  } else if (channels == 3) {
    v128.store16_lane(output, bytes, 0);
    v128.store8_lane(output, bytes, 2, 2);
  } else {
    v128.store8_lane(output, bytes, 0);
  }
}

/** A pixel beside another in the order of the output, each perhaps beyond the image: what `interleaved` makes of two inside. */
function pair(warp: Warp, window: usize, interleave: v128, left: i32, y: i32): v128 {
  return v128.bitselect(
    side(warp, window, interleave, left, y),
    side(warp, window, interleave, left + 1, y),
    i32x4.splat(0xffff),
  );
}

/** A pixel that is perhaps beyond the image as both of a pair. */
function side(warp: Warp, window: usize, interleave: v128, x: i32, y: i32): v128 {
  const within = <u32>x < <u32>warp.width && <u32>y < <u32>warp.height;
  if (!within && !warp.replicate) {
    const colour = i32x4.splat(warp.colour);
    return i8x16.swizzle(colour, i8x16(0, -1, 0, -1, 1, -1, 1, -1, 2, -1, 2, -1, 3, -1, 3, -1));
  }
  x = min(max(x, 0), warp.width - 1) - warp.left;
  y = min(max(y, 0), warp.height - 1) - warp.top;
  const pixel = v128.load32_zero(window + <usize>(y * warp.stride + x * warp.pixelBytes));
  // As if its neighbour were the same: the second bytes of the pairs are those of the first.
  const first = i8x16.swizzle(pixel, interleave);
  return v128.or(v128.and(first, i32x4.splat(0xff)), i32x4.shl(first, 16));
}

/** Rows `first` … `first + rows − 1` of the output, from a window. */
export function warpRows(at: usize, table: usize, window: usize, first: i32, rows: i32, output: usize): void {
  const warp = changetype<Warp>(at);
  const pixelBytes = warp.pixelBytes;
  const interleave = interleaved(warp.order, warp.channels, pixelBytes);
  const channels = warp.channels;
  const stride = warp.stride;
  const right = warp.width - 1;
  const bottom = warp.height - 1;
  const end = table + ((<usize>warp.columns) << 3);
  const origin = window - <usize>(warp.top * stride + warp.left * pixelBytes);
  for (let y = first; y < first + rows; y++) {
    const rowX = steps(warp.b * <f64>y + warp.tx) + 16;
    const rowY = steps(warp.d * <f64>y + warp.ty) + 16;
    for (let column = table; column < end; column += 8, output += channels) {
      const X = (rowX + load<i32>(column)) >> 5;
      const Y = (rowY + load<i32>(column, 4)) >> 5;
      const left = X >> 5;
      const top = Y >> 5;
      let above: v128;
      let below: v128;
      if (<u32>left < <u32>right && <u32>top < <u32>bottom) {
        const source = origin + <usize>(top * stride + left * pixelBytes);
        above = i8x16.swizzle(v128.load64_zero(source), interleave);
        below = i8x16.swizzle(v128.load64_zero(source + stride), interleave);
      } else {
        above = pair(warp, window, interleave, left, top);
        below = pair(warp, window, interleave, left, top + 1);
      }
      put(output, blend(above, below, X, Y), channels);
    }
  }
}

/**
 * X and Y of each column of row `y`.
 * @param places i32 [columns][X, Y]
 */
export function warpPlaces(at: usize, table: usize, y: i32, places: usize): void {
  const warp = changetype<Warp>(at);
  const rowX = steps(warp.b * <f64>y + warp.tx) + 16;
  const rowY = steps(warp.d * <f64>y + warp.ty) + 16;
  for (const end = table + ((<usize>warp.columns) << 3); table < end; table += 8, places += 8) {
    store<i32>(places, (rowX + load<i32>(table)) >> 5);
    store<i32>(places, (rowY + load<i32>(table, 4)) >> 5, 4);
  }
}

/** One row of the output, from the four pixels of each column. */
export function warpTaps(at: usize, places: usize, taps: usize, output: usize): void {
  const warp = changetype<Warp>(at);
  const channels = warp.channels;
  const pixelBytes = warp.pixelBytes;
  const interleave = interleaved(warp.order, channels, pixelBytes);
  for (const end = places + ((<usize>warp.columns) << 3); places < end; places += 8, output += channels) {
    const above = i8x16.swizzle(v128.load64_zero(taps), interleave);
    const below = i8x16.swizzle(v128.load64_zero(taps + 2 * pixelBytes), interleave);
    put(output, blend(above, below, load<i32>(places), load<i32>(places, 4)), channels);
    taps += 4 * pixelBytes;
  }
}
