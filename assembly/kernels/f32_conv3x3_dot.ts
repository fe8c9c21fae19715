/**
 * Direct 3×3 convolution with one filter, stride 1, along one row of a map:
 *
 *   output[x] = bias + Σ_{ky, kx, c} input[ky][x + kx][c] · filter[ky][kx][c]
 *
 * For layers of few outputs, where Winograd's transforms would cost more than they save. The three taps of a kernel row are
 * 3·C floats in a row of memory, so that four neighbouring pixels are four dot products with the same weights, each in two sums.
 *
 * input    f32 [3] rows, `row` bytes apart, of [pixels][C]; points at the tap left above the first pixel
 * filter   f32 [3][3][C], then the bias
 * output   f32 [pixels]
 * pixels   how many; up to 3 more are read and written
 *
 * Preconditions: C a multiple of 8. Sum: eight of their own, even and odd vectors of a lane, then lanes 0 and 2, 1 and 3, then
 * both, then the bias. Reference: test/reference/finder.ts.
 */
import { madd } from "../simd";

/** The sums of the lanes of four vectors. */
@inline
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

export function f32_conv3x3_dot(
  input: usize,
  row: usize,
  channels: i32,
  filter: usize,
  output: usize,
  pixels: i32,
): void {
  const pixel = <usize>(channels * 4);
  const bias = v128.load32_splat(filter + 9 * pixel);
  for (const end = output + <usize>(pixels * 4); output < end; output += 16) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    let w = filter;
    let taps = input;
    for (let ky = 0; ky < 3; ky++) {
      for (let p = taps; p < taps + 3 * pixel; p += 32) {
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const b = p + pixel;
        const c = b + pixel;
        const d = c + pixel;
        a0 = madd(v128.load(p), w0, a0);
        a1 = madd(v128.load(p, 16), w1, a1);
        b0 = madd(v128.load(b), w0, b0);
        b1 = madd(v128.load(b, 16), w1, b1);
        c0 = madd(v128.load(c), w0, c0);
        c1 = madd(v128.load(c, 16), w1, c1);
        d0 = madd(v128.load(d), w0, d0);
        d1 = madd(v128.load(d, 16), w1, d1);
        w += 32;
      }
      taps += row;
    }
    const all = sums(f32x4.add(a0, a1), f32x4.add(b0, b1), f32x4.add(c0, c1), f32x4.add(d0, d1));
    v128.store(output, f32x4.add(all, bias));
    input += 4 * pixel;
  }
}
