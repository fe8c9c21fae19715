/**
 * Stretches a box of an image to 48×48 BGR as OpenCV's `resize(…, INTER_LINEAR)` does on bytes: fixed-point weights of
 * 11 bits, first along the rows, then down the columns.
 *
 *   position(i) = (i + ½) · size / 48 − ½         in float32 after the product in float64
 *   tap = ⌊position⌋, weight of the next = round(2048 · (position − tap)), of this = round(2048 · (1 − …))
 *   row(x)   = left · w₀ + right · w₁
 *   pixel(y) = ((w₀ · (upper ≫ 4)) ≫ 16) + ((w₁ · (lower ≫ 4)) ≫ 16) + 2 ≫ 2
 *
 * rows    u8: what the caller copied of the box. When `allRows`, its rows one after the other; else two rows for each of
 *         the 48 rows of the crop, the upper and the lower one. Likewise the pixels of a row: all, or two a column.
 *         `stride` bytes lie between the rows. Up to 3 bytes beyond the last pixel are read.
 * order   bytes of a pixel that hold blue, green and red, from the lowest byte
 * output  u8 [48][48][3]; one byte beyond it is overwritten
 * scratch i32 [48 + 2·48][4]
 *
 * A 48×48 box passes through unchanged and an exact halving is the mean of four, as OpenCV has them.
 * Reference: OpenCV itself (test/fixtures/make_resize.py).
 */

const SIDE = 48;


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

/** Where the columns' pixels are in a row, and their weights: i32 [48][left, right, weights, –]. */
function columns(table: usize, width: i32, pixelBytes: i32, allPixels: bool): void {
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
      fraction = 0;
    }
    const next = min<i32>(tap + 1, width - 1);
    store<i32>(table, (allPixels ? tap : 2 * x) * pixelBytes);
    store<i32>(table, (allPixels ? next : 2 * x + 1) * pixelBytes, 4);
    store<i32>(table, weights(fraction), 8);
    table += 16;
  }
}

/** One row of pixels → i32 [48][4], blue, green and red as 8.11 fixed point. */
function stretchRow(row: usize, table: usize, interleave: v128, output: usize): void {
  for (const end = output + SIDE * 16; output < end; output += 16) {
    const left = v128.load32_zero(row + load<i32>(table));
    const both = v128.load32_lane(row + load<i32>(table, 4), left, 1);
    v128.store(output, i32x4.dot_i16x8_s(i8x16.swizzle(both, interleave), v128.load32_splat(table, 8)));
    table += 16;
  }
}

/** Two stretched rows → 48 pixels of the crop. */
function blendRows(upper: usize, lower: usize, packedWeights: i32, output: usize): void {
  const w0 = i32x4.splat(packedWeights & 0xffff);
  const w1 = i32x4.splat(packedWeights >>> 16);
  for (const end = upper + SIDE * 16; upper < end; upper += 16) {
    const a = i32x4.shr_s(i32x4.mul(i32x4.shr_s(v128.load(upper), 4), w0), 16);
    const b = i32x4.shr_s(i32x4.mul(i32x4.shr_s(v128.load(lower), 4), w1), 16);
    const sum = i32x4.shr_s(i32x4.add(i32x4.add(a, b), i32x4.splat(2)), 2);
    const words = i16x8.narrow_i32x4_u(sum, sum);
    v128.store32_lane(output, i8x16.narrow_i16x8_u(words, words), 0);
    lower += 16;
    output += 3;
  }
}

export function u8_resize_bilinear_48x48(
  rows: usize,
  stride: i32,
  allRows: bool,
  allPixels: bool,
  width: i32,
  height: i32,
  pixelBytes: i32,
  order: i32,
  output: usize,
  scratch: usize,
): void {
  // Bytes of the left and the right pixel, side by side and widened: b b′ g g′ r r′.
  let interleave = i8x16.splat(-1);
  interleave = i8x16.replace_lane(interleave, 0, <i8>(order & 255));
  interleave = i8x16.replace_lane(interleave, 2, <i8>((order & 255) + 4));
  interleave = i8x16.replace_lane(interleave, 4, <i8>((order >> 8) & 255));
  interleave = i8x16.replace_lane(interleave, 6, <i8>(((order >> 8) & 255) + 4));
  interleave = i8x16.replace_lane(interleave, 8, <i8>((order >> 16) & 255));
  interleave = i8x16.replace_lane(interleave, 10, <i8>(((order >> 16) & 255) + 4));
  columns(scratch, width, pixelBytes, allPixels);

  const scale = <f64>height / SIDE;
  let upper = scratch + SIDE * 16;
  let lower = upper + SIDE * 16;
  let upperTap = -1;
  let lowerTap = -1;
  for (let y = 0; y < SIDE; y++) {
    const at = position(y, scale);
    const floored = <i32>floor<f32>(at);
    const fraction = at - <f32>floored;
    const tap = min<i32>(max<i32>(floored, 0), height - 1);
    const next = min<i32>(max<i32>(floored + 1, 0), height - 1);
    if (lowerTap == tap) {
      const swap = upper;
      upper = lower;
      lower = swap;
      lowerTap = upperTap;
      upperTap = tap;
    }
    if (upperTap != tap) {
      const row: i32 = allRows ? tap : 2 * y;
      stretchRow(rows + <usize>(row * stride), scratch, interleave, upper);
      upperTap = tap;
    }
    if (lowerTap != next) {
      const row: i32 = allRows ? next : 2 * y + 1;
      stretchRow(rows + <usize>(row * stride), scratch, interleave, lower);
      lowerTap = next;
    }
    blendRows(upper, lower, weights(fraction), output + <usize>(y * SIDE * 3));
  }
}
