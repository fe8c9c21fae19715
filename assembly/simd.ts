/**
 * Lane helpers shared by the kernels, inlined at every call. The tier is a compile-time constant, so each module
 * holds one form only: `model-relaxed.wasm` fuses multiply and add (one rounding), `model.wasm` rounds twice.
 */

/** a·b + c on four floats. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * PReLU of any slope: max(v, 0) + slope · min(v, 0). The pseudo-minimum and -maximum are one instruction each where
 * the IEEE ones are several; in this order of operands they keep NaN.
 */
@inline
export function prelu(v: v128, slope: v128): v128 {
  const zero = f32x4.splat(0);
  return f32x4.add(f32x4.pmax(v, zero), f32x4.mul(slope, f32x4.pmin(v, zero)));
}

// The int8 networks: the same operations in both tiers, none fused, so the same answers everywhere. `limits` is f32
// slope[4], low[4], high[4]; constants lie in memory, since V8 13.6 leaves a splat inside the loop.
const ROUNDER: usize = memory.data<f32>([12582912, 12582912, 12582912, 12582912], 16); // 1.5 · 2^23

/** prelu(sum + bias): four sums of products, in units in which the bias is given too. */
@inline
export function activated(sum: v128, bias: v128, limits: usize): v128 {
  return prelu(f32x4.add(f32x4.convert_i32x4_s(sum), bias), v128.load(limits));
}

/**
 * v · scale + shift, clamped to low..high and rounded to the nearest whole number, ties to even: in the low 16 bits of each
 * lane, as a float between 2^23 and 2^24 holds its whole part in its low bits.
 */
@inline
export function quantised(v: v128, scale: v128, shift: v128, limits: usize): v128 {
  const steps = f32x4.add(f32x4.mul(v, scale), shift);
  const clamped = f32x4.pmin(v128.load(limits, 32), f32x4.pmax(v128.load(limits, 16), steps));
  return f32x4.add(clamped, v128.load(ROUNDER));
}

/** quantised(activated(sum)) of four channels, whose bias, scale and shift lie `size` bytes apart from `params` on. */
@inline
export function quantisedSum(sum: v128, params: usize, size: usize, limits: usize): v128 {
  const v = activated(sum, v128.load(params), limits);
  return quantised(v, v128.load(params + size), v128.load(params + 2 * size), limits);
}

/** The low 16 bits of each of eight lanes. */
@inline
export function pack16(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29);
}
