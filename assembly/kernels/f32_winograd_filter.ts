/**
 * The filter transform of Winograd's convolution F(m×m, 3×3), m 6 or 3, done once at load in float64:
 *
 *   U = G g Gᵀ, rounded once to float32
 *
 * weights  f32 [OC][K][3][3]
 * filters  f32 [(m+2)²][OC/16][K][16]       (docs/LAYOUTS.md)
 * temp     3·(m+2) vectors
 *
 * A step takes two filters, a vector of doubles: the 1-D transform of the columns, then of the rows. It runs once, in the
 * code of V8's first compiler, where each instruction counts. Preconditions: OC a multiple of 16.
 * Reference: test/reference/winograd.ts.
 */

/** Two filters' tap at `at`, `step` bytes apart, as doubles. */
@inline
function taps(at: usize, step: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load32_lane(at + step, v128.load32_zero(at), 1));
}

/** Stores two doubles, or two floats at last. */
@inline
function put(last: bool, target: usize, v: v128): void {
  if (last) v128.store64_lane(target, f32x4.demote_f64x2_zero(v), 0);
  else v128.store(target, v);
}

/** G of F(6,3), three doubles to eight, stored `step` bytes apart. */
@inline
function transform6(last: bool, a: v128, b: v128, c: v128, target: usize, step: usize): void {
  put(last, target, a);
  let even = f64x2.mul(f64x2.add(a, c), f64x2.splat(-2.0 / 9.0));
  const odd = f64x2.mul(b, f64x2.splat(-2.0 / 9.0));
  put(last, (target += step), f64x2.add(even, odd));
  put(last, (target += step), f64x2.sub(even, odd));
  const a90 = f64x2.mul(a, f64x2.splat(1.0 / 90.0));
  const b45 = f64x2.mul(b, f64x2.splat(1.0 / 45.0));
  const b90 = f64x2.mul(b, f64x2.splat(1.0 / 90.0));
  even = f64x2.add(a90, f64x2.mul(c, f64x2.splat(2.0 / 45.0)));
  put(last, (target += step), f64x2.add(even, b45));
  put(last, (target += step), f64x2.sub(even, b45));
  even = f64x2.add(f64x2.add(a90, a90), f64x2.mul(c, f64x2.splat(1.0 / 180.0)));
  put(last, (target += step), f64x2.add(even, b90));
  put(last, (target += step), f64x2.sub(even, b90));
  put(last, target + step, c);
}

/** G of F(3,3), three doubles to five. */
@inline
function transform3(last: bool, a: v128, b: v128, c: v128, target: usize, step: usize): void {
  const sum = f64x2.add(a, c);
  const sixth = f64x2.splat(1.0 / 6.0);
  put(last, target, f64x2.mul(a, f64x2.splat(0.5)));
  put(last, (target += step), f64x2.mul(f64x2.add(sum, b), f64x2.splat(-0.5)));
  put(last, (target += step), f64x2.mul(f64x2.sub(b, sum), sixth));
  const ascending = f64x2.add(a, f64x2.add(f64x2.mul(b, f64x2.splat(2)), f64x2.mul(c, f64x2.splat(4))));
  put(last, (target += step), f64x2.mul(ascending, sixth));
  put(last, target + step, c);
}


@inline
function transform(m: i32, last: bool, a: v128, b: v128, c: v128, target: usize, step: usize): void {
  if (m == 6) transform6(last, a, b, c, target, step);
  else transform3(last, a, b, c, target, step);
}

export function f32_winograd_filter(
  m: i32,
  weights: usize,
  K: i32,
  outputChannels: i32,
  filters: usize,
  temp: usize,
): void {
  const n: usize = m + 2;
  const step: usize = <usize>K * 36;
  const point = (<usize>(K * outputChannels)) << 2;
  for (let oc: usize = 0; oc < <usize>outputChannels; oc += 2) {
    let target = filters + (((oc & ~15) * K + (oc & 15)) << 2);
    for (const end = weights + step; weights < end; weights += 36) {
      for (let j: usize = 0; j < 3; j++) {
        const w = weights + (j << 2);
        transform(m, false, taps(w, step), taps(w + 12, step), taps(w + 24, step), temp + (j << 4), 48);
      }
      let out = target;
      for (let t = temp; t < temp + n * 48; t += 48) {
        transform(m, true, v128.load(t), v128.load(t, 16), v128.load(t, 32), out, point);
        out += n * point;
      }
      target += 64;
    }
    weights += step;
  }
}
