/**
 * The depthwise pooling head in whole numbers, a valid 6×6 convolution of each channel with its own filter:
 *
 *   q = quantised(prelu(Σ_tap x[tap][c] · w[tap][c] + bias))
 *
 * input    i16 [8][8][C], of which the inner 6×6 are read
 * weights  f32 bias[C], scale[C], shift[C], slope[4], low[4], high[4], then i16 [18][C][2], two neighbouring taps of a row
 *          together     (docs/LAYOUTS.md)
 * output   i16 [C]
 *
 * A step takes eight channels. Preconditions: C a multiple of 8. Reference: test/reference/int8.ts.
 */
import { pack16, quantisedSum } from "../simd";

export function i16_depthwise6x6(input: usize, weights: usize, output: usize, channels: i32): void {
  const pixel: usize = channels * 2;
  const size: usize = channels * 4;
  const limits = weights + 3 * size;
  const corner = input + 9 * pixel;
  for (let c: usize = 0; c < pixel; c += 16) {
    let low = i32x4.splat(0);
    let high = i32x4.splat(0);
    let w = limits + 48 + 2 * c;
    for (let row = corner + c; row < corner + c + 6 * 8 * pixel; row += 8 * pixel) {
      for (let at = row; at < row + 6 * pixel; at += 2 * pixel) {
        const a = v128.load(at);
        const b = v128.load(at + pixel);
        const first = i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
        const second = i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
        low = i32x4.add(low, i32x4.dot_i16x8_s(first, v128.load(w)));
        high = i32x4.add(high, i32x4.dot_i16x8_s(second, v128.load(w, 16)));
        w += 2 * pixel;
      }
    }
    const p = weights + 2 * c;
    v128.store(
      output + c,
      pack16(quantisedSum(low, p, size, limits), quantisedSum(high, p + 16, size, limits)),
    );
  }
}
