/**
 * The output transform of Winograd's convolution F(m×m, 3×3), m 6 or 3, for one row of tiles, fused with everything
 * up to the next convolution:
 *
 *   y = affine(pool(prelu(Aᵀ M A + bias)))      affine(v) = v · scale[c] + shift[c]
 *
 * panel    f32 [(m+2)²] points, `pointStride` bytes apart, each [tile][OC]; points at the row's first tile
 * params   f32 bias[OC], scale[OC], shift[OC], slope
 * output   f32 rows, `row` bytes apart, of [pixels][OC]; points at the first pixel of the row of tiles
 * tiles    how many the row has
 * temp     m·(m+2) vectors
 *
 * A step takes four channels, columns then rows as in f32_winograd_input.ts. PReLU of a slope up to 1 is max(x, slope·x), of one
 * above (`steep`) the minimum of both. Pooling comes before bias and PReLU, which is exact for every slope: adding a number is
 * monotone; so is PReLU for a slope ≥ 0, and for any slope its maximum over a window is that of the window's largest or of its
 * smallest number. The former is all that slopes of 0 … 1 need (`flat`).
 *
 * All arguments but the pointers are compile-time constants at each call. Preconditions: m = 6 when pooled,
 * OC a multiple of 4, finite panel. Reference: test/reference/winograd.ts.
 */
import { madd, prelu } from "../simd";

// From memory, not as splats: V8 13.6 leaves a splat inside the loop, where it took half of the transform's time.
const TIMES_32: usize = memory.data<f32>([32, 32, 32, 32], 16);
const TIMES_16: usize = memory.data<f32>([16, 16, 16, 16], 16);
const TIMES_2: usize = memory.data<f32>([2, 2, 2, 2], 16);
const TIMES_8: usize = memory.data<f32>([8, 8, 8, 8], 16);
const TIMES_4: usize = memory.data<f32>([4, 4, 4, 4], 16);

/** Aᵀ of F(6,3): eight vectors to six. */
@inline
function transform6(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const x5 = v128.load(source + 5 * step);
  const x6 = v128.load(source + 6 * step);
  const s1 = f32x4.add(x1, x2);
  const d1 = f32x4.sub(x1, x2);
  const s2 = f32x4.add(x3, x4);
  const d2 = f32x4.sub(x3, x4);
  const s3 = f32x4.add(x5, x6);
  const d3 = f32x4.sub(x5, x6);
  v128.store(target, y0of6(v128.load(source), s1, s2, s3));
  v128.store(target + targetStep, y1of6(d1, d2, d3));
  v128.store(target + 2 * targetStep, y2of6(s1, s2, s3));
  v128.store(target + 3 * targetStep, y3of6(d1, d2, d3));
  v128.store(target + 4 * targetStep, y4of6(s1, s2, s3));
  v128.store(target + 5 * targetStep, y5of6(v128.load(source + 7 * step), d1, d2, d3));
}

// The rows of Aᵀ on the sums s and differences d of the points ±1, ±2, ±1/2.
@inline
function y0of6(x0: v128, s1: v128, s2: v128, s3: v128): v128 {
  return madd(s3, v128.load(TIMES_32), f32x4.add(f32x4.add(x0, s1), s2));
}


@inline
function y1of6(d1: v128, d2: v128, d3: v128): v128 {
  return madd(d3, v128.load(TIMES_16), madd(d2, v128.load(TIMES_2), d1));
}


@inline
function y2of6(s1: v128, s2: v128, s3: v128): v128 {
  return madd(s3, v128.load(TIMES_8), madd(s2, v128.load(TIMES_4), s1));
}


@inline
function y3of6(d1: v128, d2: v128, d3: v128): v128 {
  return madd(d3, v128.load(TIMES_4), madd(d2, v128.load(TIMES_8), d1));
}


@inline
function y4of6(s1: v128, s2: v128, s3: v128): v128 {
  return madd(s3, v128.load(TIMES_2), madd(s2, v128.load(TIMES_16), s1));
}


@inline
function y5of6(x7: v128, d1: v128, d2: v128, d3: v128): v128 {
  return f32x4.add(madd(d2, v128.load(TIMES_32), f32x4.add(d1, x7)), d3);
}

/** Aᵀ of F(3,3): five vectors to three. */
@inline
function transform3(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const s = f32x4.add(x1, x2);
  const d = f32x4.sub(x1, x2);
  v128.store(target, y0of3(x0, s, x3));
  v128.store(target + targetStep, y1of3(d, x3));
  v128.store(target + 2 * targetStep, y2of3(s, x3, x4));
}

// The rows of Aᵀ on the sum and the difference of the points ±1.
@inline
function y0of3(x0: v128, s: v128, x3: v128): v128 {
  return f32x4.add(f32x4.add(x0, s), x3);
}


@inline
function y1of3(d: v128, x3: v128): v128 {
  return madd(x3, v128.load(TIMES_2), d);
}


@inline
function y2of3(s: v128, x3: v128, x4: v128): v128 {
  return madd(x3, v128.load(TIMES_4), f32x4.add(s, x4));
}


@inline
function transform(m: i32, source: usize, step: usize, target: usize, targetStep: usize): void {
  if (m == 6) transform6(source, step, target, targetStep);
  else transform3(source, step, target, targetStep);
}

/**
 * One of the three pairs of pixels of a row: the first row of a window leaves their maximum and, unless `flat`, their minimum
 * at `at`, the second one, eight vectors further, finishes the window's pixel.
 */
@inline
function poolPair(
  second: bool,
  flat: bool,
  y0: v128,
  y1: v128,
  at: usize,
  bias: v128,
  slope: v128,
  scale: v128,
  shift: v128,
  output: usize,
): void {
  if (!second) {
    v128.store(at, f32x4.pmax(y0, y1));
    if (!flat) v128.store(at, f32x4.pmin(y0, y1), 48);
    return;
  }
  let v = f32x4.add(f32x4.pmax(v128.load(at - 128), f32x4.pmax(y0, y1)), bias);
  if (flat) {
    v = f32x4.pmax(v, f32x4.mul(v, slope));
  } else {
    const min = f32x4.add(f32x4.pmin(v128.load(at - 80), f32x4.pmin(y0, y1)), bias);
    v = f32x4.pmax(prelu(v, slope), prelu(min, slope));
  }
  v128.store(output, madd(v, scale, shift));
}

/** Aᵀ of F(6,3) on a row, the first or the second one of a window. */
@inline
function poolRow(
  second: bool,
  flat: bool,
  row: usize,
  bias: v128,
  slope: v128,
  scale: v128,
  shift: v128,
  output: usize,
  size: usize,
): void {
  const x1 = v128.load(row, 16);
  const x2 = v128.load(row, 32);
  const x3 = v128.load(row, 48);
  const x4 = v128.load(row, 64);
  const x5 = v128.load(row, 80);
  const x6 = v128.load(row, 96);
  const s1 = f32x4.add(x1, x2);
  const d1 = f32x4.sub(x1, x2);
  const s2 = f32x4.add(x3, x4);
  const d2 = f32x4.sub(x3, x4);
  const s3 = f32x4.add(x5, x6);
  const d3 = f32x4.sub(x5, x6);
  const y0 = y0of6(v128.load(row), s1, s2, s3);
  const y1 = y1of6(d1, d2, d3);
  poolPair(second, flat, y0, y1, row, bias, slope, scale, shift, output);
  const y2 = y2of6(s1, s2, s3);
  const y3 = y3of6(d1, d2, d3);
  poolPair(second, flat, y2, y3, row + 16, bias, slope, scale, shift, output + size);
  const y4 = y4of6(s1, s2, s3);
  const y5 = y5of6(v128.load(row, 112), d1, d2, d3);
  poolPair(second, flat, y4, y5, row + 32, bias, slope, scale, shift, output + 2 * size);
}

/** The rows of a tile of F(6) → 3×3 pixels. */
@inline
function pooledRows(
  flat: bool,
  temp: usize,
  params: usize,
  size: usize,
  slope: v128,
  output: usize,
  row: usize,
): void {
  const bias = v128.load(params);
  const scale = v128.load(params + size);
  const shift = v128.load(params + 2 * size);
  for (const end = temp + 6 * 128; temp < end; temp += 2 * 128) {
    poolRow(false, flat, temp, bias, slope, scale, shift, output, size);
    poolRow(true, flat, temp + 128, bias, slope, scale, shift, output, size);
    output += row;
  }
}

/** PReLU and affine of one pixel. */
@inline
function finish(
  steep: bool,
  sum: v128,
  bias: v128,
  slope: v128,
  scale: v128,
  shift: v128,
  output: usize,
): void {
  const v = f32x4.add(sum, bias);
  const sloped = f32x4.mul(v, slope);
  v128.store(output, madd(steep ? f32x4.pmin(v, sloped) : f32x4.pmax(v, sloped), scale, shift));
}

/** The rows of a tile → m×m pixels. */
@inline
function rows(
  m: i32,
  steep: bool,
  temp: usize,
  params: usize,
  size: usize,
  slope: v128,
  output: usize,
  row: usize,
): void {
  const bias = v128.load(params);
  const scale = v128.load(params + size);
  const shift = v128.load(params + 2 * size);
  for (const end = temp + <usize>(m * (m + 2)) * 16; temp < end; temp += <usize>(m + 2) * 16) {
    const x1 = v128.load(temp, 16);
    const x2 = v128.load(temp, 32);
    const x3 = v128.load(temp, 48);
    const x4 = v128.load(temp, 64);
    const s1 = f32x4.add(x1, x2);
    const d1 = f32x4.sub(x1, x2);
    if (m == 6) {
      const x5 = v128.load(temp, 80);
      const x6 = v128.load(temp, 96);
      const s2 = f32x4.add(x3, x4);
      const d2 = f32x4.sub(x3, x4);
      const s3 = f32x4.add(x5, x6);
      const d3 = f32x4.sub(x5, x6);
      finish(steep, y0of6(v128.load(temp), s1, s2, s3), bias, slope, scale, shift, output);
      finish(steep, y1of6(d1, d2, d3), bias, slope, scale, shift, output + size);
      finish(steep, y2of6(s1, s2, s3), bias, slope, scale, shift, output + 2 * size);
      finish(steep, y3of6(d1, d2, d3), bias, slope, scale, shift, output + 3 * size);
      finish(steep, y4of6(s1, s2, s3), bias, slope, scale, shift, output + 4 * size);
      finish(steep, y5of6(v128.load(temp, 112), d1, d2, d3), bias, slope, scale, shift, output + 5 * size);
    } else {
      finish(steep, y0of3(v128.load(temp), s1, x3), bias, slope, scale, shift, output);
      finish(steep, y1of3(d1, x3), bias, slope, scale, shift, output + size);
      finish(steep, y2of3(s1, x3, x4), bias, slope, scale, shift, output + 2 * size);
    }
    output += row;
  }
}


@inline
export function f32_winograd_output(
  m: i32,
  panel: usize,
  pointStride: usize,
  params: usize,
  output: usize,
  row: usize,
  tiles: i32,
  channels: i32,
  pooled: bool,
  temp: usize,
): void {
  const n: usize = m + 2;
  const pixel: usize = channels * 4;
  const mOut: usize = pooled ? m / 2 : m;
  const slope = v128.load32_splat(params + 3 * pixel);
  const steep = f32x4.extract_lane(slope, 0) > 1;
  const flat = !steep && f32x4.extract_lane(slope, 0) >= 0;
  const end = panel + <usize>tiles * pixel;
  for (let tile = panel; tile < end; tile += pixel) {
    for (let c: usize = 0; c < pixel; c += 16) {
      let column = tile + c;
      for (let t = temp; t < temp + n * 16; t += 16) {
        transform(m, column, n * pointStride, t, n * 16);
        column += pointStride;
      }
      if (pooled) {
        if (flat) pooledRows(true, temp, params + c, pixel, slope, output + c, row);
        else pooledRows(false, temp, params + c, pixel, slope, output + c, row);
      } else {
        if (steep) rows(m, true, temp, params + c, pixel, slope, output + c, row);
        else rows(m, false, temp, params + c, pixel, slope, output + c, row);
      }
    }
    output += mOut * pixel;
  }
}
