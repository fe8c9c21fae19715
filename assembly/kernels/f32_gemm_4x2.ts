/**
 * The small matrix products of Winograd's convolution, one for each of its points:
 *
 *   M[point][tile][oc] = Σ_k V[point][tile][k] · U[point][k][oc]
 *
 * input    f32 [points], `inputStride` bytes apart, each [tile][channels]
 * filters  f32 [points][OC/8][K][8]          (docs/LAYOUTS.md)
 * output   f32 [points], `outputStride` bytes apart, each [tile][OC]
 *
 * In registers: 4 tiles by 8 channels, eight accumulators, two vectors of filters and a broadcast of the input, within
 * the 15 registers that V8 leaves. Filters stay in L1 while the tiles go by.
 *
 * All arguments but the pointers and `tiles` are compile-time constants at each call. Preconditions: `tiles` a multiple
 * of 4, OC a multiple of 8, K ≤ channels. Sum: k by k from 0. Reference: test/reference/winograd.ts.
 */
import { madd } from "../simd";


@inline
export function f32_gemm_4x2(
  points: i32,
  input: usize,
  inputStride: usize,
  channels: i32,
  K: i32,
  filters: usize,
  output: usize,
  outputStride: usize,
  outputChannels: i32,
  tiles: i32,
): void {
  const tile: usize = channels * 4;
  const outTile: usize = outputChannels * 4;
  const depth: usize = K * 4;
  const length = <usize>tiles * tile;
  for (let point = 0; point < points; point++) {
    for (let oc: usize = 0; oc < outTile; oc += 32) {
      let out = output + oc;
      for (let v = input; v < input + length; v += 4 * tile) {
        let a0 = f32x4.splat(0);
        let a1 = f32x4.splat(0);
        let b0 = f32x4.splat(0);
        let b1 = f32x4.splat(0);
        let c0 = f32x4.splat(0);
        let c1 = f32x4.splat(0);
        let d0 = f32x4.splat(0);
        let d1 = f32x4.splat(0);
        let u = filters;
        for (let p = v; p < v + depth; p += 4) {
          const u0 = v128.load(u);
          const u1 = v128.load(u, 16);
          const a = v128.load32_splat(p);
          a0 = madd(a, u0, a0);
          a1 = madd(a, u1, a1);
          const b = v128.load32_splat(p + tile);
          b0 = madd(b, u0, b0);
          b1 = madd(b, u1, b1);
          const c = v128.load32_splat(p + 2 * tile);
          c0 = madd(c, u0, c0);
          c1 = madd(c, u1, c1);
          const d = v128.load32_splat(p + 3 * tile);
          d0 = madd(d, u0, d0);
          d1 = madd(d, u1, d1);
          u += 32;
        }
        v128.store(out, a0);
        v128.store(out, a1, 16);
        v128.store(out + outTile, b0);
        v128.store(out + outTile + 16, b1);
        v128.store(out + 2 * outTile, c0);
        v128.store(out + 2 * outTile + 16, c1);
        v128.store(out + 3 * outTile, d0);
        v128.store(out + 3 * outTile + 16, d1);
        out += 4 * outTile;
      }
      filters += 8 * depth;
    }
    input += inputStride;
    output += outputStride;
  }
}
