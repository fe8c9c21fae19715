/**
 * i16_gemm_2x4 for four input channels, as conv1 has: so few that the filters of a point and 16 output channels, eight
 * vectors, stay in registers while the tiles go by.
 *
 *   M[point][tile][oc] = Σ_k V[point][tile][k] · U[point][k][oc]
 *
 * input    i16 [points], `inputStride` bytes apart, each [tile][4]
 * filters  i16 [points][OC/16][2][16][2]      (docs/LAYOUTS.md)
 * output   i32 [points], `outputStride` bytes apart, each [tile][OC]
 *
 * conv1 takes 19 µs so and 24 by the kernel for any depth, half of whose instructions there begin and end sums
 * (Sapphire Rapids, V8 13.6).
 *
 * All arguments but the pointers and `tiles` are compile-time constants at each call. Preconditions: OC a multiple of 16.
 * Reference: test/reference/int8.ts.
 */

/** x₀·u₀ + x₁·u₁ + y₀·v₀ + y₁·v₁ in each lane. */
@inline
function dot4(x: v128, u: v128, y: v128, v: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(x, u), i32x4.dot_i16x8_s(y, v));
}


@inline
export function i16_gemm_1x4_k4(
  points: i32,
  input: usize,
  inputStride: usize,
  filters: usize,
  output: usize,
  outputStride: usize,
  outputChannels: i32,
  tiles: i32,
): void {
  const tile: usize = 4 * 2;
  const outTile: usize = outputChannels * 4;
  const length = <usize>tiles * tile;
  for (let point = 0; point < points; point++) {
    for (let oc: usize = 0; oc < outTile; oc += 64) {
      const u0 = v128.load(filters);
      const u1 = v128.load(filters, 16);
      const u2 = v128.load(filters, 32);
      const u3 = v128.load(filters, 48);
      const v0 = v128.load(filters, 64);
      const v1 = v128.load(filters, 80);
      const v2 = v128.load(filters, 96);
      const v3 = v128.load(filters, 112);
      let out = output + oc;
      for (let p = input; p < input + length; p += tile) {
        const x = v128.load32_splat(p);
        const y = v128.load32_splat(p, 4);
        v128.store(out, dot4(x, u0, y, v0));
        v128.store(out, dot4(x, u1, y, v1), 16);
        v128.store(out, dot4(x, u2, y, v2), 32);
        v128.store(out, dot4(x, u3, y, v3), 48);
        out += outTile;
      }
      filters += 16 * tile;
    }
    input += inputStride;
    output += outputStride;
  }
}
