/**
 * The output transform of Winograd's convolution F(m×m, 3×3) in whole numbers, m 4 or 3, for a row of tiles, fused with
 * everything up to the next convolution:
 *
 *   q = quantised(pool(prelu(Aᵀ M A + bias)))              (simd.ts)
 *
 * panel    i32 [(m+2)²] points, `pointStride` bytes apart, each [tile][OC]; points at the row's first tile
 * halves   2 where the tiles are those of the row's left and right half in turns (i16_input_pairs.ts), else 1
 * params   f32 bias[OC], scale[OC], shift[OC], slope, low, high, the last three in all lanes of a vector
 *          (docs/LAYOUTS.md)
 * output   i16 [height+2][width+2][OC], or half of both when pooled; points at the row of tiles
 * width    of the convolution's input
 * temp     m·(m+2) vectors
 *
 * The transforms are whole, so Aᵀ M A is 576 (m = 4) or 36 (m = 3) times the convolution, without rounding: sums wrap at
 * 2^32 on the way, the result doesn't (../packing_int8.ts sees to that). Pooling comes first, which is exact for every slope:
 * conversion to float and adding the bias are monotone; so is PReLU for a slope ≥ 0 (`rising`), for one below 0 its
 * maximum over a window is that of the window's largest or least value.
 *
 * All arguments but the pointers are compile-time constants at each call. Preconditions: m = 4 exactly where it is
 * pooled, OC a multiple of 4. Reference: test/reference/int8.ts.
 */
import { activated, pack16, quantised } from "../simd";

// The rows of Aᵀ of F(4,3), on the sums s and differences d of the points ±1 (s1, d1) and ±2 (s2, d2, twice the
// difference). The last column of Aᵀ is 4, since the last row of G is scaled down by 4.
@inline
function y0of4(x0: v128, s1: v128, s2: v128): v128 {
  return i32x4.add(i32x4.add(x0, s1), s2);
}


@inline
function y2of4(s1: v128, s2: v128): v128 {
  return i32x4.add(s1, i32x4.shl(s2, 2));
}


@inline
function y3of4(x5: v128, d1: v128, d2: v128): v128 {
  return i32x4.add(d1, i32x4.shl(i32x4.add(d2, x5), 2));
}

/** Aᵀ of F(4,3): six vectors to four. */
@inline
function transform4(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const s1 = i32x4.add(x1, x2);
  const d1 = i32x4.sub(x1, x2);
  const s2 = i32x4.add(x3, x4);
  const d2 = i32x4.shl(i32x4.sub(x3, x4), 1);
  v128.store(target, y0of4(v128.load(source), s1, s2));
  v128.store(target + targetStep, i32x4.add(d1, d2));
  v128.store(target + 2 * targetStep, y2of4(s1, s2));
  v128.store(target + 3 * targetStep, y3of4(v128.load(source + 5 * step), d1, d2));
}

/** Aᵀ of F(3,3): five vectors to three. */
@inline
function transform3(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const s = i32x4.add(x1, x2);
  v128.store(target, i32x4.add(i32x4.add(x0, s), x3));
  v128.store(target + targetStep, i32x4.add(i32x4.sub(x1, x2), i32x4.shl(x3, 1)));
  v128.store(target + 2 * targetStep, i32x4.add(i32x4.add(s, x4), i32x4.shl(x3, 2)));
}

/** prelu(sum + bias) of a window's largest value, and of its least one unless the slope is rising. */
@inline
function highest(rising: bool, largest: v128, least: v128, bias: v128, limits: usize): v128 {
  const v = activated(largest, bias, limits);
  return rising ? v : f32x4.pmax(v, activated(least, bias, limits));
}


@inline
function max4(a: v128, b: v128, c: v128, d: v128): v128 {
  return i32x4.max_s(i32x4.max_s(a, b), i32x4.max_s(c, d));
}


@inline
function min4(a: v128, b: v128, c: v128, d: v128): v128 {
  return i32x4.min_s(i32x4.min_s(a, b), i32x4.min_s(c, d));
}

/** A tile of F(4): rows and pool, in each step two rows of six vectors → 2×2 pixels. */
@inline
function pooledRows4(
  rising: bool,
  temp: usize,
  params: usize,
  limits: usize,
  size: usize,
  output: usize,
  row: usize,
): void {
  const bias = v128.load(params);
  const scale = v128.load(params + size);
  const shift = v128.load(params + 2 * size);
  for (const end = temp + 24 * 16; temp < end; temp += 12 * 16) {
    const a1 = v128.load(temp, 16);
    const a2 = v128.load(temp, 32);
    const a3 = v128.load(temp, 48);
    const a4 = v128.load(temp, 64);
    const as1 = i32x4.add(a1, a2);
    const ad1 = i32x4.sub(a1, a2);
    const as2 = i32x4.add(a3, a4);
    const ad2 = i32x4.shl(i32x4.sub(a3, a4), 1);
    const ay0 = y0of4(v128.load(temp), as1, as2);
    const ay1 = i32x4.add(ad1, ad2);
    const ay2 = y2of4(as1, as2);
    const ay3 = y3of4(v128.load(temp, 80), ad1, ad2);
    const b1 = v128.load(temp, 112);
    const b2 = v128.load(temp, 128);
    const b3 = v128.load(temp, 144);
    const b4 = v128.load(temp, 160);
    const bs1 = i32x4.add(b1, b2);
    const bd1 = i32x4.sub(b1, b2);
    const bs2 = i32x4.add(b3, b4);
    const bd2 = i32x4.shl(i32x4.sub(b3, b4), 1);
    const by0 = y0of4(v128.load(temp, 96), bs1, bs2);
    const by1 = i32x4.add(bd1, bd2);
    const by2 = y2of4(bs1, bs2);
    const by3 = y3of4(v128.load(temp, 176), bd1, bd2);
    const p = highest(rising, max4(ay0, ay1, by0, by1), min4(ay0, ay1, by0, by1), bias, limits);
    const q = highest(rising, max4(ay2, ay3, by2, by3), min4(ay2, ay3, by2, by3), bias, limits);
    const pixels = pack16(quantised(p, scale, shift, limits), quantised(q, scale, shift, limits));
    v128.store64_lane(output, pixels, 0);
    v128.store64_lane(output + (size >> 1), pixels, 1);
    output += row;
  }
}

/** A tile of F(3): rows → 3×3 pixels. */
@inline
function rows3(temp: usize, params: usize, limits: usize, size: usize, output: usize, row: usize): void {
  const bias = v128.load(params);
  const scale = v128.load(params + size);
  const shift = v128.load(params + 2 * size);
  for (let y = 0; y < 3; y++) {
    transform3(temp, 16, temp, 16);
    for (let x: usize = 0; x < 3; x++) {
      const steps = quantised(activated(v128.load(temp + x * 16), bias, limits), scale, shift, limits);
      v128.store64_lane(output + x * (size >> 1), pack16(steps, steps), 0);
    }
    temp += 5 * 16;
    output += row;
  }
}


@inline
export function i16_winograd_output(
  m: i32,
  halves: i32,
  panel: usize,
  pointStride: usize,
  params: usize,
  output: usize,
  width: i32,
  outputChannels: i32,
  temp: usize,
): void {
  const n: usize = m + 2;
  const size: usize = outputChannels * 4;
  const pixel = size >> 1;
  const outWidth = m == 4 ? width / 2 : width;
  const row = <usize>(outWidth + 2) * pixel;
  const limits = params + 3 * size;
  const rising = load<f32>(limits) >= 0;
  for (let half = 0; half < halves; half++) {
    let out = output + <usize>(half * (outWidth / halves)) * pixel;
    let tile = panel + <usize>half * size;
    for (let i = 0; i < width / m / halves; i++) {
      for (let oc: usize = 0; oc < size; oc += 16) {
        let column = tile + oc;
        for (let t = temp; t < temp + n * 16; t += 16) {
          if (m == 4) transform4(column, n * pointStride, t, n * 16);
          else transform3(column, n * pointStride, t, n * 16);
          column += pointStride;
        }
        if (m == 3) rows3(temp, params + oc, limits, size, out + (oc >> 1), row);
        else if (rising) pooledRows4(true, temp, params + oc, limits, size, out + (oc >> 1), row);
        else pooledRows4(false, temp, params + oc, limits, size, out + (oc >> 1), row);
      }
      tile += <usize>halves * size;
      out += <usize>(m == 4 ? 2 : 3) * pixel;
    }
  }
}
