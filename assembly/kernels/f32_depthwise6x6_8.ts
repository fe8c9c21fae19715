/**
 * The pooling head: a depthwise 6×6 convolution over the whole 6×6 map, one output per channel, then
 * affine(prelu(· + bias)). A step takes eight channels; the 36 taps run down the interior of the bordered map.
 *
 * input    f32 [8][8][C], the border is not read
 * weights  f32 bias[C], scale[C], shift[C], slope[4], then [6][6][C]
 * output   f32 [C]
 *
 * Preconditions: C a multiple of 8. Sum: starts at the bias, then row by row. Reference: test/reference/network.ts.
 */
import { madd, prelu } from "../simd";

export function f32_depthwise6x6_8(input: usize, weights: usize, output: usize, channels: i32): void {
  const pixel: usize = (<usize>channels) << 2;
  const taps = weights + 3 * pixel + 16;
  const slope = v128.load32_splat(weights + 3 * pixel);
  for (let c: usize = 0; c < pixel; c += 32) {
    let sum0 = v128.load(weights + c);
    let sum1 = v128.load(weights + c, 16);
    let w = taps + c;
    let p = input + (8 + 1) * pixel + c;
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 6; x++) {
        sum0 = madd(v128.load(p), v128.load(w), sum0);
        sum1 = madd(v128.load(p, 16), v128.load(w, 16), sum1);
        p += pixel;
        w += pixel;
      }
      p += 2 * pixel;
    }
    const scales = weights + pixel + c;
    const shifts = weights + 2 * pixel + c;
    v128.store(output + c, madd(prelu(sum0, slope), v128.load(scales), v128.load(shifts)));
    v128.store(output + c, madd(prelu(sum1, slope), v128.load(scales, 16), v128.load(shifts, 16)), 16);
  }
}
