/**
 * A dense layer in whole numbers:
 *
 *   q[o] = quantised(prelu(Σ_i x[i] · w[o][i] + bias))        or, where `floats`, prelu(…) · scale + shift as it is
 *
 * input    i16 [IN]
 * weights  f32 bias[OUT], scale[OUT], shift[OUT], slope[4], low[4], high[4], then i16 [OUT/16][IN/2][16][2], two
 *          neighbouring inputs together     (docs/LAYOUTS.md)
 * output   i16 [OUT], or f32 [OUT]
 *
 * Preconditions: IN even, OUT a multiple of 16. Reference: test/reference/int8.ts.
 */
import { activated, pack16, quantisedSum } from "../simd";

export function i16_dense_16(
  input: usize,
  weights: usize,
  output: usize,
  inputs: i32,
  outputs: i32,
  floats: bool,
): void {
  const size: usize = outputs * 4;
  const limits = weights + 3 * size;
  const end = input + <usize>inputs * 2;
  let params = weights;
  weights = limits + 48;
  for (const last = params + size; params < last; params += 64) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    for (let p = input; p < end; p += 4) {
      const x = v128.load32_splat(p);
      a = i32x4.add(a, i32x4.dot_i16x8_s(x, v128.load(weights)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(x, v128.load(weights, 16)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(x, v128.load(weights, 32)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(x, v128.load(weights, 48)));
      weights += 64;
    }
    if (floats) {
      v128.store(output, unrounded(a, params, size, limits));
      v128.store(output, unrounded(b, params + 16, size, limits), 16);
      v128.store(output, unrounded(c, params + 32, size, limits), 32);
      v128.store(output, unrounded(d, params + 48, size, limits), 48);
      output += 64;
    } else {
      a = quantisedSum(a, params, size, limits);
      b = quantisedSum(b, params + 16, size, limits);
      c = quantisedSum(c, params + 32, size, limits);
      d = quantisedSum(d, params + 48, size, limits);
      v128.store(output, pack16(a, b));
      v128.store(output, pack16(c, d), 16);
      output += 32;
    }
  }
}

/** prelu(sum + bias) · scale + shift, which isn't rounded. */
@inline
function unrounded(sum: v128, params: usize, size: usize, limits: usize): v128 {
  const v = activated(sum, v128.load(params), limits);
  return f32x4.add(f32x4.mul(v, v128.load(params + size)), v128.load(params + 2 * size));
}
