/**
 * Dense layer, fused: y = affine(prelu(W·x + bias)). A step makes 32 outputs: eight accumulators hide the latency of the
 * multiply-add.
 *
 * input    f32 [IN]
 * weights  f32 bias[OUT], scale[OUT], shift[OUT], slope[4], then [OUT/32][IN][32]       (docs/LAYOUTS.md)
 * output   f32 [OUT]
 *
 * Preconditions: OUT a multiple of 32 (fc3's ten outputs are padded with zeros).
 * A layer without PReLU or affine has slope 1, scale 1, shift 0: exact. Sum: starts at the bias, then input by input.
 * Reference: test/reference/network.ts.
 */
import { madd, prelu } from "../simd";


@inline
function finish(sum: v128, params: usize, size: usize, slope: v128, output: usize): void {
  v128.store(output, madd(prelu(sum, slope), v128.load(params + size), v128.load(params + 2 * size)));
}

export function f32_dense_32(input: usize, weights: usize, output: usize, inputs: i32, outputs: i32): void {
  const end = input + ((<usize>inputs) << 2);
  const size: usize = (<usize>outputs) << 2;
  const params = weights;
  weights += 3 * size + 16;
  const slope = v128.load32_splat(params + 3 * size);
  for (let o: usize = 0; o < size; o += 128) {
    const block = params + o;
    let s0 = v128.load(block);
    let s1 = v128.load(block, 16);
    let s2 = v128.load(block, 32);
    let s3 = v128.load(block, 48);
    let s4 = v128.load(block, 64);
    let s5 = v128.load(block, 80);
    let s6 = v128.load(block, 96);
    let s7 = v128.load(block, 112);
    for (let p = input; p < end; p += 4) {
      const x = v128.load32_splat(p);
      s0 = madd(x, v128.load(weights), s0);
      s1 = madd(x, v128.load(weights, 16), s1);
      s2 = madd(x, v128.load(weights, 32), s2);
      s3 = madd(x, v128.load(weights, 48), s3);
      s4 = madd(x, v128.load(weights, 64), s4);
      s5 = madd(x, v128.load(weights, 80), s5);
      s6 = madd(x, v128.load(weights, 96), s6);
      s7 = madd(x, v128.load(weights, 112), s7);
      weights += 128;
    }
    const out = output + o;
    finish(s0, block, size, slope, out);
    finish(s1, block + 16, size, slope, out + 16);
    finish(s2, block + 32, size, slope, out + 32);
    finish(s3, block + 48, size, slope, out + 48);
    finish(s4, block + 64, size, slope, out + 64);
    finish(s5, block + 80, size, slope, out + 80);
    finish(s6, block + 96, size, slope, out + 96);
    finish(s7, block + 112, size, slope, out + 112);
  }
}
