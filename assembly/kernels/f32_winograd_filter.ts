/**
 * The filter transform of Winograd's convolution F(m×m, 3×3), m 6 or 3, done once at load in float64:
 *
 *   U = G g Gᵀ, rounded once to float32
 *
 * weights  f32 [OC][IC][3][3]
 * filters  f32 [(m+2)²][OC/16][IC][16]         (docs/LAYOUTS.md)
 * temp     3·(m+2) vectors
 *
 * Four filters a step, two a vector of doubles. Preconditions: OC a multiple of 8. Reference: test/reference/winograd.ts.
 */

/** Two filters' tap at `at`, `step` bytes apart, as doubles. */
@inline
function taps(at: usize, step: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load32_lane(at + step, v128.load32_zero(at), 1));
}

/** G of F(6,3), three doubles to eight; stores them `step` bytes apart. */
@inline
function transform6(a: v128, b: v128, c: v128, target: usize, step: usize): void {
  v128.store(target, a);
  let even = f64x2.mul(f64x2.add(a, c), f64x2.splat(-2.0 / 9.0));
  let odd = f64x2.mul(b, f64x2.splat(-2.0 / 9.0));
  v128.store(target + step, f64x2.add(even, odd));
  v128.store(target + 2 * step, f64x2.sub(even, odd));
  const a90 = f64x2.mul(a, f64x2.splat(1.0 / 90.0));
  const b45 = f64x2.mul(b, f64x2.splat(1.0 / 45.0));
  const c180 = f64x2.mul(c, f64x2.splat(1.0 / 180.0));
  even = f64x2.add(a90, f64x2.mul(c180, f64x2.splat(8)));
  v128.store(target + 3 * step, f64x2.add(even, b45));
  v128.store(target + 4 * step, f64x2.sub(even, b45));
  even = f64x2.add(f64x2.add(a90, a90), c180);
  odd = f64x2.mul(b45, f64x2.splat(0.5));
  v128.store(target + 5 * step, f64x2.add(even, odd));
  v128.store(target + 6 * step, f64x2.sub(even, odd));
  v128.store(target + 7 * step, c);
}

/** G of F(3,3), three doubles to five. */
@inline
function transform3(a: v128, b: v128, c: v128, target: usize, step: usize): void {
  const sum = f64x2.add(a, c);
  const sixth = f64x2.splat(1.0 / 6.0);
  v128.store(target, f64x2.mul(a, f64x2.splat(0.5)));
  v128.store(target + step, f64x2.mul(f64x2.add(sum, b), f64x2.splat(-0.5)));
  v128.store(target + 2 * step, f64x2.mul(f64x2.sub(b, sum), sixth));
  const rising = f64x2.add(a, f64x2.add(f64x2.mul(b, f64x2.splat(2)), f64x2.mul(c, f64x2.splat(4))));
  v128.store(target + 3 * step, f64x2.mul(rising, sixth));
  v128.store(target + 4 * step, c);
}


@inline
function transform(m: i32, a: v128, b: v128, c: v128, target: usize, step: usize): void {
  if (m == 6) transform6(a, b, c, target, step);
  else transform3(a, b, c, target, step);
}

/** Two filters, `step` bytes apart: temp [m+2][m+2] pairs of doubles. */
@inline
function transformPair(m: i32, weights: usize, step: usize, temp: usize): void {
  const n: usize = m + 2;
  const columns = temp + n * n * 16;
  for (let j: usize = 0; j < 3; j++) {
    const w = weights + j * 4;
    transform(m, taps(w, step), taps(w + 12, step), taps(w + 24, step), columns + j * 16, 48);
  }
  for (let i: usize = 0; i < n; i++) {
    const row = columns + i * 48;
    transform(m, v128.load(row), v128.load(row, 16), v128.load(row, 32), temp + i * n * 16, 16);
  }
}


@inline
function transformAll(
  m: i32,
  weights: usize,
  inputChannels: i32,
  outputChannels: i32,
  filters: usize,
  temp: usize,
): void {
  const n: usize = m + 2;
  const step: usize = <usize>inputChannels * 36;
  const pair = n * (n + 3) * 16;
  const pointStride = (<usize>(inputChannels * outputChannels)) << 2;
  for (let oc = 0; oc < outputChannels; oc += 4) {
    let target = filters + ((<usize>((oc >> 4) * inputChannels * 16 + (oc & 12))) << 2);
    for (let w = weights; w < weights + step; w += 36) {
      transformPair(m, w, step, temp);
      transformPair(m, w + 2 * step, step, temp + pair);
      let out = target;
      for (let t = temp; t < temp + n * n * 16; t += 16) {
        const low = f32x4.demote_f64x2_zero(v128.load(t));
        const high = f32x4.demote_f64x2_zero(v128.load(t + pair));
        v128.store(out, v128.shuffle<i64>(low, high, 0, 2));
        out += pointStride;
      }
      target += 64;
    }
    weights += 4 * step;
  }
}

/** F(6×6, 3×3). */
export function f32_winograd6_filter(
  weights: usize,
  inputChannels: i32,
  outputChannels: i32,
  filters: usize,
  temp: usize,
): void {
  transformAll(6, weights, inputChannels, outputChannels, filters, temp);
}

/** F(3×3, 3×3). */
export function f32_winograd3_filter(
  weights: usize,
  inputChannels: i32,
  outputChannels: i32,
  filters: usize,
  temp: usize,
): void {
  transformAll(3, weights, inputChannels, outputChannels, filters, temp);
}
