/**
 * A dense layer in whole numbers:
 *
 *   q[o] = quantised(prelu(Σ_i x[i] · w[o][i] + bias))        or, where `floats`, prelu(…) · scale + shift as it is
 *
 * input    i16 [IN]
 * weights  i16 [OUT/16][IN/2][16][2], two neighbouring inputs together     (docs/LAYOUTS.md)
 * params   f32 bias[OUT], scale[OUT], shift[OUT], slope[4], low[4], high[4]
 * output   i16 [OUT], or f32 [OUT]
 *
 * Preconditions: IN even, OUT a multiple of 16. Reference: test/reference/int8.ts.
 */
import { activated, pack16, quantised } from "../simd";

export function i16_dense_16(
  input: usize,
  weights: usize,
  params: usize,
  output: usize,
  inputs: i32,
  outputs: i32,
  floats: bool,
): void {
  const size: usize = outputs * 4;
  const ends = params + 3 * size;
  const end = input + <usize>inputs * 2;
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
      v128.store(output, real(a, params, size, ends));
      v128.store(output, real(b, params + 16, size, ends), 16);
      v128.store(output, real(c, params + 32, size, ends), 32);
      v128.store(output, real(d, params + 48, size, ends), 48);
      output += 64;
    } else {
      v128.store(output, pack16(steps(a, params, size, ends), steps(b, params + 16, size, ends)));
      v128.store(output, pack16(steps(c, params + 32, size, ends), steps(d, params + 48, size, ends)), 16);
      output += 32;
    }
  }
}


@inline
function real(sum: v128, params: usize, size: usize, ends: usize): v128 {
  const v = activated(sum, v128.load(params), ends);
  return f32x4.add(f32x4.mul(v, v128.load(params + size)), v128.load(params + 2 * size));
}


@inline
function steps(sum: v128, params: usize, size: usize, ends: usize): v128 {
  const v = activated(sum, v128.load(params), ends);
  return quantised(v, v128.load(params + size), v128.load(params + 2 * size), ends);
}
