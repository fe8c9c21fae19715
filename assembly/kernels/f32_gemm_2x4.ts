/**
 * The small matrix products of Winograd's convolution, one for each of its points:
 *
 *   M[point][tile][oc] = Σ_k V[point][tile][k] · U[point][k][oc]
 *
 * input    f32 [points], `inputStride` bytes apart, each [tile][K, padded to a multiple of 4]
 * filters  f32 [points][OC/16][K][16]        (docs/LAYOUTS.md)
 * output   f32 [points], `outputStride` bytes apart, each [tile][OC]
 *
 * In registers: 2 tiles by 16 channels, eight accumulators, which hide the latency of the multiply-add; with four
 * vectors of filters and two broadcasts they fit the 15 registers that V8 leaves. Filters stay in L1 while the tiles go by.
 *
 * All arguments but the pointers and `tiles` are compile-time constants at each call. Preconditions: `tiles` a multiple
 * of 2, OC a multiple of 16. Sum: k by k from 0. Reference: test/reference/winograd.ts.
 */
import { madd } from "../simd";


@inline
export function f32_gemm_2x4(
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
  const tile: usize = ((K + 3) & ~3) * 4;
  const outTile: usize = outputChannels * 4;
  const depth: usize = K * 4;
  const length = <usize>tiles * tile;
  for (let point = 0; point < points; point++) {
    for (let oc: usize = 0; oc < outTile; oc += 64) {
      let out = output + oc;
      for (let v = input; v < input + length; v += 2 * tile) {
        let a0 = f32x4.splat(0);
        let a1 = f32x4.splat(0);
        let a2 = f32x4.splat(0);
        let a3 = f32x4.splat(0);
        let b0 = f32x4.splat(0);
        let b1 = f32x4.splat(0);
        let b2 = f32x4.splat(0);
        let b3 = f32x4.splat(0);
        let u = filters;
        for (let p = v; p < v + depth; p += 4) {
          const a = v128.load32_splat(p);
          const b = v128.load32_splat(p + tile);
          const u0 = v128.load(u);
          a0 = madd(a, u0, a0);
          b0 = madd(b, u0, b0);
          const u1 = v128.load(u, 16);
          a1 = madd(a, u1, a1);
          b1 = madd(b, u1, b1);
          const u2 = v128.load(u, 32);
          a2 = madd(a, u2, a2);
          b2 = madd(b, u2, b2);
          const u3 = v128.load(u, 48);
          a3 = madd(a, u3, a3);
          b3 = madd(b, u3, b3);
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
      filters += 16 * depth;
    }
    input += inputStride;
    output += outputStride;
  }
}
