/**
 * The small matrix products of Winograd's convolution in whole numbers, one for each of its points:
 *
 *   M[point][tile][oc] = Σ_k V[point][tile][k] · U[point][k][oc]      modulo 2^32
 *
 * input    i16 [points], `inputStride` bytes apart, each [tile][K]
 * filters  i16 [points][OC/16][K/2][16][2]    (docs/LAYOUTS.md)
 * output   i32 [points], `outputStride` bytes apart, each [tile][OC]
 *
 * A tile of registers is 2 tiles by 4 vectors of 4 channels. Each step multiplies a pair of inputs: `dot_i16x8_s` adds two
 * products to 32 bits.
 *
 * All arguments but the pointers and `tiles` are compile-time constants at each call. Preconditions: `tiles` and K even, OC
 * a multiple of 16. Reference: test/reference/int8.ts.
 */

/** sum + a₀·b₀ + a₁·b₁ in each lane. */
@inline
function dotAdd(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}


@inline
export function i16_gemm_2x4(
  points: i32,
  input: usize,
  inputStride: usize,
  K: i32,
  filters: usize,
  output: usize,
  outputStride: usize,
  outputChannels: i32,
  tiles: i32,
): void {
  const tile: usize = K * 2;
  const outTile: usize = outputChannels * 4;
  const length = <usize>tiles * tile;
  for (let point = 0; point < points; point++) {
    for (let oc: usize = 0; oc < outTile; oc += 64) {
      let out = output + oc;
      for (let v = input; v < input + length; v += 2 * tile) {
        let a0 = i32x4.splat(0);
        let a1 = i32x4.splat(0);
        let a2 = i32x4.splat(0);
        let a3 = i32x4.splat(0);
        let b0 = i32x4.splat(0);
        let b1 = i32x4.splat(0);
        let b2 = i32x4.splat(0);
        let b3 = i32x4.splat(0);
        let u = filters;
        for (let p = v; p < v + tile; p += 4) {
          const a = v128.load32_splat(p);
          const b = v128.load32_splat(p + tile);
          const u0 = v128.load(u);
          a0 = dotAdd(a0, u0, a);
          b0 = dotAdd(b0, u0, b);
          const u1 = v128.load(u, 16);
          a1 = dotAdd(a1, u1, a);
          b1 = dotAdd(b1, u1, b);
          const u2 = v128.load(u, 32);
          a2 = dotAdd(a2, u2, a);
          b2 = dotAdd(b2, u2, b);
          const u3 = v128.load(u, 48);
          a3 = dotAdd(a3, u3, a);
          b3 = dotAdd(b3, u3, b);
          u += 64;
        }
        v128.store(out, a0);
        v128.store(out, a1, 16);
        v128.store(out, a2, 32);
        v128.store(out, a3, 48);
        v128.store(out + outTile, b0);
        v128.store(out + outTile, b1, 16);
        v128.store(out + outTile, b2, 32);
        v128.store(out + outTile, b3, 48);
        out += 2 * outTile;
      }
      filters += 16 * tile;
    }
    input += inputStride;
    output += outputStride;
  }
}
