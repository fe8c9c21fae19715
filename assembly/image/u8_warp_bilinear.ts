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
 * table   i32 [2][columns]: what each column adds to X and to Y, before they are divided; filled by `warpColumns`
 * window  u8 rows of the part of the image that holds every pixel needed; up to 7 bytes beyond it are read
 * places  i32 [rows][columns], in bytes from the image's first; up to 12 bytes beyond are written
 * pairs   u8 [rows][columns][2][8]: 8 bytes of the image from each place on, and 8 a row below; for parts of the image that are much
 *         larger than the output
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

/** What a row adds to X, by b and tx, or to Y, by d and ty, with what rounds it. */
@inline
function rowSteps(down: f64, start: f64, y: i32): i32 {
  return steps(down * <f64>y + start) + 16;
}

/** What each column adds to X and Y; once per warp. */
export function warpColumns(at: usize, table: usize): void {
  const warp = changetype<Warp>(at);
  const size = (<usize>warp.columns) << 2;
  for (let x = 0; x < warp.columns; x++, table += 4) {
    store<i32>(table, steps(warp.a * <f64>x));
    store<i32>(table + size, steps(warp.c * <f64>x));
  }
}

/** The pixel of 0 … size − 2 that is nearest, or 0: from it on, two pixels lie inside where there are two. */
@inline
function clampPair(pixel: i32, size: i32): i32 {
  return min(max(pixel, 0), max(size - 2, 0));
}

/**
 * Where in the image, whose stride is that of the window, the upper left of the four pixels around each position lies. Near the border
 * it is the nearest one that has the other three inside.
 */
export function warpPlaces(at: usize, table: usize, first: i32, rows: i32, places: usize): void {
  const warp = changetype<Warp>(at);
  const size = (<usize>warp.columns) << 2;
  const zero = i32x4.splat(0);
  const right = i32x4.splat(max(warp.width - 2, 0));
  const bottom = i32x4.splat(max(warp.height - 2, 0));
  const pixelBytes = i32x4.splat(warp.pixelBytes);
  const stride = i32x4.splat(warp.stride);
  for (let y = first; y < first + rows; y++, places += size) {
    const startX = i32x4.splat(rowSteps(warp.b, warp.tx, y));
    const startY = i32x4.splat(rowSteps(warp.d, warp.ty, y));
    for (let x: usize = 0; x < size; x += 16) {
      const X = i32x4.add(startX, v128.load(table + x));
      const Y = i32x4.add(startY, v128.load(table + x + size));
      const left = i32x4.min_s(i32x4.max_s(i32x4.shr_s(X, 10), zero), right);
      const top = i32x4.min_s(i32x4.max_s(i32x4.shr_s(Y, 10), zero), bottom);
      v128.store(places + x, i32x4.add(i32x4.mul(left, pixelBytes), i32x4.mul(top, stride)));
    }
  }
}

/**
 * The channels of a pixel, one a lane, of the eight bytes above and below.
 * @param lanes where the bytes of a channel's left and right pixel lie, once they are widened
 * @param across 32 − w and w in each lane
 * @param down v in each half of a lane
 */
@inline
function blend(above: usize, below: usize, lanes: v128, across: v128, down: v128): v128 {
  const upper = v128.load8x8_u(above);
  const difference = i16x8.sub(v128.load8x8_u(below), upper);
  const column = i16x8.add(i16x8.shl(upper, 5), i16x8.mul(difference, down));
  const sum = i32x4.dot_i16x8_s(i8x16.swizzle(column, lanes), across);
  return i32x4.shr_u(i32x4.add(sum, v128.load(HALF)), 10);
}

/** Stores four pixels, of as many vectors. */
@inline
function putFour(output: usize, a: v128, b: v128, c: v128, d: v128, channels: i32): void {
  const bytes = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  if (channels == 4) {
    v128.store(output, bytes);
  } else if (channels == 3) {
    const packed = i8x16.shuffle(bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
    v128.store64_lane(output, packed, 0);
    v128.store32_lane(output, packed, 2, 8);
  } else {
    const packed = i8x16.shuffle(bytes, bytes, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    v128.store32_lane(output, packed, 0);
  }
}

/** The first four bytes, one a lane. */
@inline
function widened(bytes: v128): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
}

/**
 * The channels, one a lane, of a pixel that is perhaps beyond the image.
 * @param source where pixel (left, top) lies, and `stride` bytes on the one below it
 */
function tap(warp: Warp, source: usize, left: i32, top: i32, stride: i32, x: i32, y: i32): v128 {
  if (!warp.replicate && !(<u32>x < <u32>warp.width && <u32>y < <u32>warp.height))
    return widened(i32x4.splat(warp.colour));
  const column = min(max(x, 0), warp.width - 1) - left;
  const row = min(max(y, 0), warp.height - 1) - top;
  const pixel = v128.load32_zero(source + <usize>(row * stride + column * warp.pixelBytes));
  return widened(i8x16.swizzle(pixel, i32x4.splat(warp.order)));
}

/** One pixel, its four perhaps beyond the image. */
function putOne(
  warp: Warp,
  source: usize,
  left: i32,
  top: i32,
  stride: i32,
  X: i32,
  Y: i32,
  output: usize,
): void {
  const x = X >> 5;
  const y = Y >> 5;
  const right = i32x4.splat(X & 31);
  const lower = i32x4.splat(Y & 31);
  const a = tap(warp, source, left, top, stride, x, y);
  const b = tap(warp, source, left, top, stride, x + 1, y);
  const c = tap(warp, source, left, top, stride, x, y + 1);
  const d = tap(warp, source, left, top, stride, x + 1, y + 1);
  const above = i32x4.add(i32x4.shl(a, 5), i32x4.mul(i32x4.sub(b, a), right));
  const below = i32x4.add(i32x4.shl(c, 5), i32x4.mul(i32x4.sub(d, c), right));
  const sum = i32x4.add(i32x4.shl(above, 5), i32x4.mul(i32x4.sub(below, above), lower));
  const pixel = i32x4.shr_u(i32x4.add(sum, v128.load(HALF)), 10);
  const bytes = i8x16.shuffle(pixel, pixel, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  if (warp.channels == 4) {
    v128.store32_lane(output, bytes, 0);
  } else if (warp.channels == 3) {
    v128.store16_lane(output, bytes, 0);
    v128.store8_lane(output, bytes, 2, 2);
  } else {
    v128.store8_lane(output, bytes, 0);
  }
}

/** Rows `first` … `first + rows − 1` of the output, from a window or from pairs. */
export function warpRows(
  at: usize,
  table: usize,
  source: usize,
  isPairs: bool,
  first: i32,
  rows: i32,
  output: usize,
): void {
  const warp = changetype<Warp>(at);
  const channels = warp.channels;
  const pixelBytes = warp.pixelBytes;
  // As bytes of widened ones: 2k and 2k + 1 for k.
  const bytes = v128.and(interleaved(warp.order, channels, pixelBytes), i16x8.splat(255));
  const lanes = v128.or(i16x8.mul(bytes, i16x8.splat(0x202)), i16x8.splat(0x100));
  const right = i32x4.splat(warp.width - 1);
  const bottom = i32x4.splat(warp.height - 1);
  const size = (<usize>warp.columns) << 2;
  const end = table + size;
  const stride = warp.stride;
  const origin = <i32>source - (warp.top * stride + warp.left * pixelBytes);
  /** From the bytes above to those below. */
  const below = isPairs ? 8 : stride;
  for (let y = first; y < first + rows; y++) {
    const startX = rowSteps(warp.b, warp.tx, y);
    const startY = rowSteps(warp.d, warp.ty, y);
    let column = table;
    while (column < end) {
      const X = i32x4.shr_s(i32x4.add(i32x4.splat(startX), v128.load(column)), 5);
      const Y = i32x4.shr_s(i32x4.add(i32x4.splat(startY), v128.load(column + size)), 5);
      const left = i32x4.shr_s(X, 5);
      const top = i32x4.shr_s(Y, 5);
      const isInside = i32x4.all_true(v128.and(i32x4.lt_u(left, right), i32x4.lt_u(top, bottom)));
      if (isInside && column + 16 <= end) {
        let p0 = <i32>source;
        let p1 = p0 + 16;
        let p2 = p0 + 32;
        let p3 = p0 + 48;
        if (isPairs) {
          source += 64;
        } else {
          const place = i32x4.add(
            i32x4.mul(top, i32x4.splat(stride)),
            i32x4.add(i32x4.mul(left, i32x4.splat(pixelBytes)), i32x4.splat(origin)),
          );
          p0 = i32x4.extract_lane(place, 0);
          p1 = i32x4.extract_lane(place, 1);
          p2 = i32x4.extract_lane(place, 2);
          p3 = i32x4.extract_lane(place, 3);
        }
        const w = v128.and(X, i32x4.splat(31));
        const v = v128.and(Y, i32x4.splat(31));
        const across = i32x4.add(i32x4.splat(32), i32x4.sub(i32x4.shl(w, 16), w));
        const down = v128.or(v, i32x4.shl(v, 16));
        const across0 = i32x4.shuffle(across, across, 0, 0, 0, 0);
        const across1 = i32x4.shuffle(across, across, 1, 1, 1, 1);
        const across2 = i32x4.shuffle(across, across, 2, 2, 2, 2);
        const across3 = i32x4.shuffle(across, across, 3, 3, 3, 3);
        const down0 = i32x4.shuffle(down, down, 0, 0, 0, 0);
        const down1 = i32x4.shuffle(down, down, 1, 1, 1, 1);
        const down2 = i32x4.shuffle(down, down, 2, 2, 2, 2);
        const down3 = i32x4.shuffle(down, down, 3, 3, 3, 3);
        const a = blend(p0, p0 + below, lanes, across0, down0);
        const b = blend(p1, p1 + below, lanes, across1, down1);
        const c = blend(p2, p2 + below, lanes, across2, down2);
        const d = blend(p3, p3 + below, lanes, across3, down3);
        putFour(output, a, b, c, d, channels);
        output += channels << 2;
        column += 16;
      } else {
        for (const last = min(column + 16, end); column < last; column += 4, output += channels) {
          const X = (startX + load<i32>(column)) >> 5;
          const Y = (startY + load<i32>(column + size)) >> 5;
          if (isPairs) {
            const left = clampPair(X >> 5, warp.width);
            const top = clampPair(Y >> 5, warp.height);
            putOne(warp, source, left, top, 8, X, Y, output);
            source += 16;
          } else {
            putOne(warp, source, warp.left, warp.top, stride, X, Y, output);
          }
        }
      }
    }
  }
}
