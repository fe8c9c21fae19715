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
