/**
 * Σ_i w[i] · x[i], the product of two vectors.
 *
 * input    f32 [N]
 * weights  f32 [N]
 *
 * Preconditions: N a multiple of 16. Sum: sixteen of their own, then the four of each lane, then the lanes.
 * Reference: test/reference/network.ts, a dense layer of one output.
 */
import { madd } from "../simd";

export function f32_dot(input: usize, weights: usize, count: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  for (const end = input + ((<usize>count) << 2); input < end; input += 64, weights += 64) {
    a = madd(v128.load(input), v128.load(weights), a);
    b = madd(v128.load(input, 16), v128.load(weights, 16), b);
    c = madd(v128.load(input, 32), v128.load(weights, 32), c);
    d = madd(v128.load(input, 48), v128.load(weights, 48), d);
  }
  const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
  return low + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
}
