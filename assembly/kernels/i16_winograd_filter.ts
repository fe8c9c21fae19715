/**
 * The filter transform of Winograd's convolution F(m×m, 3×3) in whole numbers, m 4 or 3, done once at load:
 *
 *   U = (s·G) g (s·G)ᵀ,  s = 24 for m = 4, 6 for m = 3
 *
 * which makes all coefficients whole; for m = 4 the last row is scaled by 6 only, and Aᵀ makes up for it. Exact in 16 bits: the
 * coefficients of a point add up to at most 144, and |g| ≤ 127.
 *
 * weights  i16 [K][3][3][OC]
 * filters  i16 [(m+2)²][OC/16][K/2][16][2]       (docs/LAYOUTS.md)
 * temp     2·(m+2)·(m+5) vectors
 *
 * A step takes eight channels of two inputs, interleaved at last. Preconditions: K even, OC a multiple of 16.
 * Reference: test/reference/int8.ts.
 */

/** G of F(4,3), three vectors to six. */
@inline
function transform4(source: usize, step: usize, target: usize, targetStep: usize): void {
  const a = v128.load(source);
  const b = v128.load(source + step);
  const c = v128.load(source + 2 * step);
  const sum = i16x8.shl(i16x8.add(a, c), 2);
  const b4 = i16x8.shl(b, 2);
  const ascending = i16x8.add(a, i16x8.shl(c, 2));
  const b2 = i16x8.add(b, b);
  v128.store(target, i16x8.mul(a, i16x8.splat(6)));
  v128.store(target + targetStep, i16x8.neg(i16x8.add(sum, b4)));
  v128.store(target + 2 * targetStep, i16x8.sub(b4, sum));
  v128.store(target + 3 * targetStep, i16x8.add(ascending, b2));
  v128.store(target + 4 * targetStep, i16x8.sub(ascending, b2));
  v128.store(target + 5 * targetStep, i16x8.mul(c, i16x8.splat(6)));
}

/** G of F(3,3), three vectors to five. */
@inline
function transform3(source: usize, step: usize, target: usize, targetStep: usize): void {
  const a = v128.load(source);
  const b = v128.load(source + step);
  const c = v128.load(source + 2 * step);
  const sum = i16x8.add(a, c);
  v128.store(target, i16x8.mul(a, i16x8.splat(3)));
  v128.store(target + targetStep, i16x8.mul(i16x8.add(sum, b), i16x8.splat(-3)));
  v128.store(target + 2 * targetStep, i16x8.sub(b, sum));
  v128.store(target + 3 * targetStep, i16x8.add(i16x8.add(a, i16x8.shl(b, 1)), i16x8.shl(c, 2)));
  v128.store(target + 4 * targetStep, i16x8.mul(c, i16x8.splat(6)));
}


@inline
function transform(m: i32, source: usize, step: usize, target: usize, targetStep: usize): void {
  if (m == 4) transform4(source, step, target, targetStep);
  else transform3(source, step, target, targetStep);
}

/** U of eight channels' filters for one input. */
@inline
function points(m: i32, weights: usize, tap: usize, temp: usize, target: usize): void {
  const n: usize = m + 2;
  for (let x: usize = 0; x < 3; x++) transform(m, weights + x * tap, 3 * tap, temp + x * 16, 3 * 16);
  for (let y: usize = 0; y < n; y++) transform(m, temp + y * 48, 16, target + y * n * 16, 16);
}

export function i16_winograd_filter(
  m: i32,
  weights: usize,
  K: i32,
  outputChannels: i32,
  filters: usize,
  temp: usize,
): void {
  const n: usize = m + 2;
  const tap: usize = outputChannels * 2;
  const point: usize = outputChannels * K * 2;
  const even = temp + 3 * n * 16;
  const odd = even + n * n * 16;
  for (let block: usize = 0; block < tap; block += 32) {
    for (let k = 0; k < K; k += 2) {
      for (let oc: usize = 0; oc < 32; oc += 16) {
        const source = weights + <usize>k * 9 * tap + block + oc;
        points(m, source, tap, temp, even);
        points(m, source + 9 * tap, tap, temp, odd);
        let target = filters;
        for (let p: usize = 0; p < n * n * 16; p += 16) {
          const a = v128.load(even + p);
          const b = v128.load(odd + p);
          v128.store(target, i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23));
          v128.store(
            target,
            i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31),
            16,
          );
          target += point;
        }
        filters += 32;
      }
    }
  }
}
