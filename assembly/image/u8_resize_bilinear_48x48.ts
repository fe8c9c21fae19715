/**
 * Stretches a box of an image to 48×48 BGR as OpenCV's `resize(…, INTER_LINEAR)` does on bytes: fixed-point weights of
 * 11 bits, first along the rows, then down the columns.
 *
 *   position(i) = (i + ½) · size / 48 − ½         in float32 after the product in float64
 *   tap = ⌊position⌋, weight of the next = round(2048 · (position − tap)), of this = round(2048 · (1 − …))
 *   row(x)   = left · w₀ + right · w₁
 *   pixel(y) = ((w₀ · (upper ≫ 4)) ≫ 16) + ((w₁ · (lower ≫ 4)) ≫ 16) + 2 ≫ 2
 *
 * The caller goes through the 48 rows and brings the rows of the image that each needs, so that a picture of any size
 * passes through a few kilobytes: the network's weights stay in the cache. `columns` once a box, `stretchRow` once for a
 * row of the image, `blendRows` once for a row of the crop.
 *
 * table   i32 [48][left, weights] and the order of the bytes, which `columns` fills and `stretchRow` reads
 * row     u8 pixels of the box: all of a row, or the two that each column needs. Up to 7 bytes beyond are read
 * order   bytes of a pixel that hold blue, green and red, from the lowest byte
 * stretched  i32 [48][4], blue, green and red: row(x) ≫ 4
 * output  u8 [48][3], a row of the crop
 *
 * A 48×48 box passes through unchanged and an exact halving is the mean of four, as OpenCV has them.
 * Reference: OpenCV itself (test/fixtures/make_resize.py).
 */

const SIDE = 48;
const STRETCHED: usize = SIDE * 16;
const COLUMNS: usize = SIDE * 8;

const ROUND: usize = memory.data<i32>([2, 2, 2, 2], 16);


@inline
function position(i: i32, scale: f64): f32 {
  return <f32>((<f64>i + 0.5) * scale - 0.5);
}

/** The weights (w₀, w₁) of a fraction, as two 16-bit lanes. */
@inline
function weights(fraction: f32): i32 {
  const first = <i32>nearest<f32>((<f32>1 - fraction) * 2048);
  const second = <i32>nearest<f32>(fraction * 2048);
  return first | (second << 16);
}

/** Where a channel's byte of the left and of the right pixel go: b b′ g g′ r r′, each widened. */
@inline
function interleaved(order: i32, pixelBytes: i32): v128 {
  let bytes = i8x16.splat(-1);
  bytes = i8x16.replace_lane(bytes, 0, <i8>(order & 255));
  bytes = i8x16.replace_lane(bytes, 2, <i8>((order & 255) + pixelBytes));
  bytes = i8x16.replace_lane(bytes, 4, <i8>((order >> 8) & 255));
  bytes = i8x16.replace_lane(bytes, 6, <i8>(((order >> 8) & 255) + pixelBytes));
  bytes = i8x16.replace_lane(bytes, 8, <i8>((order >> 16) & 255));
  return i8x16.replace_lane(bytes, 10, <i8>(((order >> 16) & 255) + pixelBytes));
}

/** @param allPixels whether rows come whole; else two pixels a column, side by side */
export function columns(table: usize, width: i32, pixelBytes: i32, order: i32, allPixels: bool): void {
  v128.store(table + COLUMNS, interleaved(order, pixelBytes));
  const scale = <f64>width / SIDE;
  for (let x = 0; x < SIDE; x++) {
    const at = position(x, scale);
    let tap = <i32>floor<f32>(at);
    let fraction = at - <f32>tap;
    if (tap < 0) {
      tap = 0;
      fraction = 0;
    }
    if (tap >= width - 1) {
      tap = width - 1;
      fraction = 0; // the pixel beyond counts nothing
    }
    store<i32>(table, (allPixels ? tap : 2 * x) * pixelBytes);
    store<i32>(table, weights(fraction), 4);
    table += 8;
  }
}

export function stretchRow(row: usize, table: usize, stretched: usize): void {
  const interleave = v128.load(table + COLUMNS);
  for (const end = table + COLUMNS; table < end; table += 8) {
    const pair = v128.load64_zero(row + load<i32>(table));
    const sum = i32x4.dot_i16x8_s(i8x16.swizzle(pair, interleave), v128.load32_splat(table, 4));
    v128.store(stretched, i32x4.shr_s(sum, 4));
    stretched += 16;
  }
}

/** The products as those of int16 pairs whose second is zero: exact, and quicker than i32x4.mul. */
@inline
function blend(upper: v128, lower: v128, w0: v128, w1: v128): v128 {
  const a = i32x4.shr_s(i32x4.dot_i16x8_s(upper, w0), 16);
  const b = i32x4.shr_s(i32x4.dot_i16x8_s(lower, w1), 16);
  return i32x4.shr_s(i32x4.add(i32x4.add(a, b), v128.load(ROUND)), 2);
}

/** Row `y` of the crop, between the stretched rows of its two taps in a box of `height` rows. */
export function blendRows(upper: usize, lower: usize, y: i32, height: i32, output: usize): void {
  const at = position(y, <f64>height / SIDE);
  const packed = weights(at - floor<f32>(at));
  const w0 = i32x4.splat(packed & 0xffff);
  const w1 = i32x4.splat(packed >>> 16);
  for (const end = upper + STRETCHED; upper < end; upper += 64) {
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
