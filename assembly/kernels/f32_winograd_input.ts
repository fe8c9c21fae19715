/**
 * The input transform of Winograd's convolution F(m×m, 3×3), m 6 or 3, for one row of tiles:
 *
 *   V = Bᵀ d B,  d a tile of (m+2)×(m+2) pixels, neighbours overlap by two
 *
 * input    f32 rows, `row` bytes apart, of [pixels][K, padded to a multiple of 4]: a map and its border of zeros; points at
 *          the first pixel of the row of tiles
 * panel    f32 [(m+2)²] points, `pointStride` bytes apart, each a tile after the other; points at the row's first tile
 * tiles    how many the row has
 * temp     (m+2)² vectors
 *
 * A step takes four channels. A tile goes through the 1-D transform of its columns, then of its rows: two short loops,
 * which keep V8's scheduler from spilling what unrolled code would hold. The matrices are those of Lavin and Gray
 * ("Fast Algorithms for Convolutional Neural Networks", 2016): for m = 6 the points 0, ±1, ±2, ±1/2, ∞; for m = 3 the
 * points 0, ±1, 2, ∞.
 *
 * All arguments but the pointers are compile-time constants at each call.
 * Preconditions: finite input. Reference: test/reference/winograd.ts.
 */
import { madd } from "../simd";

// From memory, not as splats: V8 13.6 leaves a splat inside the loop, where it took half of the transform's time.
const TIMES_5_25: usize = memory.data<f32>([5.25, 5.25, 5.25, 5.25], 16);
const MINUS_4_25: usize = memory.data<f32>([-4.25, -4.25, -4.25, -4.25], 16);
const MINUS_1_25: usize = memory.data<f32>([-1.25, -1.25, -1.25, -1.25], 16);
const TIMES_0_25: usize = memory.data<f32>([0.25, 0.25, 0.25, 0.25], 16);
const TIMES_2: usize = memory.data<f32>([2, 2, 2, 2], 16);
const MINUS_2_5: usize = memory.data<f32>([-2.5, -2.5, -2.5, -2.5], 16);
const TIMES_0_5: usize = memory.data<f32>([0.5, 0.5, 0.5, 0.5], 16);
const MINUS_5: usize = memory.data<f32>([-5, -5, -5, -5], 16);
const TIMES_4: usize = memory.data<f32>([4, 4, 4, 4], 16);
const MINUS_2: usize = memory.data<f32>([-2, -2, -2, -2], 16);

/** Bᵀ of F(6,3) on eight vectors. */
@inline
function transform6(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const x5 = v128.load(source + 5 * step);
  const x6 = v128.load(source + 6 * step);
  const x7 = v128.load(source + 7 * step);
  v128.store(target, madd(f32x4.sub(x4, x2), v128.load(TIMES_5_25), f32x4.sub(x0, x6)));
  v128.store(target + 7 * targetStep, madd(f32x4.sub(x3, x5), v128.load(TIMES_5_25), f32x4.sub(x7, x1)));
  let even = madd(x4, v128.load(MINUS_4_25), f32x4.add(x2, x6));
  let odd = madd(x3, v128.load(MINUS_4_25), f32x4.add(x1, x5));
  v128.store(target + targetStep, f32x4.add(even, odd));
  v128.store(target + 2 * targetStep, f32x4.sub(even, odd));
  even = madd(x4, v128.load(MINUS_1_25), madd(x2, v128.load(TIMES_0_25), x6));
  odd = madd(x5, v128.load(TIMES_2), madd(x3, v128.load(MINUS_2_5), f32x4.mul(x1, v128.load(TIMES_0_5))));
  v128.store(target + 3 * targetStep, f32x4.add(even, odd));
  v128.store(target + 4 * targetStep, f32x4.sub(even, odd));
  even = madd(x4, v128.load(MINUS_5), madd(x2, v128.load(TIMES_4), x6));
  odd = madd(x1, v128.load(TIMES_2), madd(x3, v128.load(MINUS_2_5), f32x4.mul(x5, v128.load(TIMES_0_5))));
  v128.store(target + 5 * targetStep, f32x4.add(even, odd));
  v128.store(target + 6 * targetStep, f32x4.sub(even, odd));
}

/** Bᵀ of F(3,3) on five vectors. */
@inline
function transform3(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const two = v128.load(TIMES_2);
  const x31 = f32x4.sub(x3, x1);
  const x32 = f32x4.sub(x3, x2);
  v128.store(target, madd(f32x4.sub(x0, x2), two, x31));
  v128.store(target + targetStep, madd(x1, v128.load(MINUS_2), x32));
  v128.store(target + 2 * targetStep, madd(f32x4.sub(x1, x2), two, x32));
  v128.store(target + 3 * targetStep, x31);
  v128.store(target + 4 * targetStep, madd(x31, v128.load(MINUS_2), f32x4.sub(x4, x2)));
}


@inline
function transform(m: i32, source: usize, step: usize, target: usize, targetStep: usize): void {
  if (m == 6) transform6(source, step, target, targetStep);
  else transform3(source, step, target, targetStep);
}


@inline
export function f32_winograd_input(
  m: i32,
  input: usize,
  row: usize,
  tiles: i32,
  K: i32,
  panel: usize,
  pointStride: usize,
  temp: usize,
): void {
  const n: usize = m + 2;
  const pixel: usize = ((K + 3) & ~3) * 4;
  const end = input + <usize>(tiles * m) * pixel;
  for (let tile = input; tile < end; tile += <usize>m * pixel) {
    for (let source = tile; source < tile + pixel; source += 16) {
      let column = source;
      for (let t = temp; t < temp + n * 16; t += 16) {
        transform(m, column, row, t, n * 16);
        column += pixel;
      }
      let target = panel;
      for (let t = temp; t < temp + n * n * 16; t += n * 16) {
        transform(m, t, 16, target, pointStride);
        target += n * pointStride;
      }
      panel += 16;
    }
  }
}
