/**
 * Σ_i w[i] · x[i] of whole numbers with weights in float32: the score, which is read from an int8 activation but isn't
 * quantised itself. Nothing is fused, so that both tiers give the same answer.
 *
 * input    i16 [N]
 * weights  f32 [N]
 *
 * Preconditions: N a multiple of 8. Sum: eight of their own, then the two of each lane, then the lanes.
 * Reference: test/reference/int8.ts.
 */
export function i16_dot_f32(input: usize, weights: usize, count: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  for (const end = input + ((<usize>count) << 1); input < end; input += 16, weights += 32) {
    const x = v128.load(input);
    const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(x));
    const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(x));
    a = f32x4.add(a, f32x4.mul(low, v128.load(weights)));
    b = f32x4.add(b, f32x4.mul(high, v128.load(weights, 16)));
  }
  const sum = f32x4.add(a, b);
  const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
  return low + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
}
