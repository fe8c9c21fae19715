/**
 * The input transform of Winograd's convolution F(m×m, 3×3) in int16, m 4 or 3, for one row of tiles:
 *
 *   V = Bᵀ d B,  d a tile of (m+2)×(m+2) pixels, neighbours overlap by two
 *
 * input    i16 rows of `row` bytes of pixels of `pixel` bytes, with a border; points at the row of tiles
 * panel    i16 [(m+2)²] points, `pointStride` bytes apart, each [tile][channel]; points at the row's first tile
 * temp     (m+2)² vectors
 *
 * A step takes eight channels, columns then rows as in f32_winograd_input.ts. Nothing is rounded, and 16 bits hold all
 * of V for 256 neighbouring values that include 0: the positive coefficients of a point of F(4) add up to at most 68, and
 * so do the negative ones, all of them to at most 100 (50 and 50, or 68 and 32), so |V| ≤ 68 · 255; for F(3) 36 · 255.
 * What overflows on the way comes back, since sums wrap. The points are 0, ±1, ±2, ∞ for m = 4, and 0, ±1, 2, ∞ for 3.
 *
 * All arguments but the pointers are compile-time constants at each call. Preconditions: `pixel` a multiple of 16.
 * Reference: test/reference/winograd.ts.
 */

/** Bᵀ of F(4,3) on six vectors. */
@inline
function transform4(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const x5 = v128.load(source + 5 * step);
  const x42 = i16x8.sub(x4, x2);
  const x31 = i16x8.sub(x3, x1);
  const x31twice = i16x8.add(x31, x31);
  const even = i16x8.sub(x4, i16x8.shl(x2, 2));
  const odd = i16x8.sub(x3, i16x8.shl(x1, 2));
  v128.store(target, i16x8.add(i16x8.shl(i16x8.sub(x0, x2), 2), x42));
  v128.store(target + targetStep, i16x8.add(even, odd));
  v128.store(target + 2 * targetStep, i16x8.sub(even, odd));
  v128.store(target + 3 * targetStep, i16x8.add(x42, x31twice));
  v128.store(target + 4 * targetStep, i16x8.sub(x42, x31twice));
  v128.store(target + 5 * targetStep, i16x8.sub(i16x8.sub(x5, x3), i16x8.shl(x31, 2)));
}

/** Bᵀ of F(3,3) on five vectors. */
@inline
function transform3(source: usize, step: usize, target: usize, targetStep: usize): void {
  const x0 = v128.load(source);
  const x1 = v128.load(source + step);
  const x2 = v128.load(source + 2 * step);
  const x3 = v128.load(source + 3 * step);
  const x4 = v128.load(source + 4 * step);
  const x31 = i16x8.sub(x3, x1);
  const x32 = i16x8.sub(x3, x2);
  v128.store(target, i16x8.add(i16x8.shl(i16x8.sub(x0, x2), 1), x31));
  v128.store(target + targetStep, i16x8.sub(x32, i16x8.shl(x1, 1)));
  v128.store(target + 2 * targetStep, i16x8.add(i16x8.shl(i16x8.sub(x1, x2), 1), x32));
  v128.store(target + 3 * targetStep, x31);
  v128.store(target + 4 * targetStep, i16x8.sub(i16x8.sub(x4, x2), i16x8.shl(x31, 1)));
}


@inline
function transform(m: i32, source: usize, step: usize, target: usize, targetStep: usize): void {
  if (m == 4) transform4(source, step, target, targetStep);
  else transform3(source, step, target, targetStep);
}


@inline
export function i16_winograd_input(
  m: i32,
  input: usize,
  row: usize,
  pixel: usize,
  tiles: i32,
  panel: usize,
  pointStride: usize,
  temp: usize,
): void {
  const n: usize = m + 2;
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
