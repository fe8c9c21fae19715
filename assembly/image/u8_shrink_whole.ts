/**
 * Shrinks an image by a whole factor n: each pixel becomes the mean of n × n pixels.
 *
 *   output(x)[i] = round(Σ_rows Σ_k row[(x · n + k) · pixelBytes + i] / n²), 0 ≤ k < n
 *
 * in float32, halves to even; for n = 2 halves go up: both as OpenCV's INTER_AREA rounds.
 *
 * rows    u8 [n][columns · n · pixelBytes]; up to 15 bytes beyond are read
 * sums    u16 [columns · n · pixelBytes], to work in; up to 30 bytes beyond are written
 * output  u8 [columns · pixelBytes]; up to 3 bytes beyond are written
 *
 * n ≤ 256: a column of that many bytes sums up to less than 2¹⁶, and all of n² to less than 2²⁴, which a float32 holds exactly.
 *
 * Reference: OpenCV itself (test/fixtures/make_align.py).
 */
export function shrinkWhole(
  rows: usize,
  sums: usize,
  n: i32,
  columns: i32,
  pixelBytes: i32,
  output: usize,
): void {
  const stride = <usize>(columns * n * pixelBytes);
  for (let x: usize = 0; x < stride; x += 16) {
    let low = i16x8.splat(0);
    let high = low;
    let row = rows + x;
    for (let k = 0; k < n; k++, row += stride) {
      const bytes = v128.load(row);
      low = i16x8.add(low, i16x8.extend_low_i8x16_u(bytes));
      high = i16x8.add(high, i16x8.extend_high_i8x16_u(bytes));
    }
    v128.store(sums + (x << 1), low);
    v128.store(sums + (x << 1), high, 16);
  }
  const bias = f32x4.splat(n == 2 ? 0.5 : 0);
  const weight = f32x4.splat(<f32>1 / <f32>(n * n));
  const step = <usize>(pixelBytes << 1);
  for (const end = output + <usize>(columns * pixelBytes); output < end; output += pixelBytes) {
    let sum = i32x4.splat(0);
    for (let k = 0; k < n; k++, sums += step) {
      sum = i32x4.add(sum, i32x4.extend_low_i16x8_u(v128.load64_zero(sums)));
    }
    const mean = f32x4.nearest(f32x4.mul(f32x4.add(f32x4.convert_i32x4_u(sum), bias), weight));
    const pixel = i32x4.trunc_sat_f32x4_u(mean);
    v128.store32_lane(
      output,
      i8x16.shuffle(pixel, pixel, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      0,
    );
  }
}
