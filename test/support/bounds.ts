import { expect } from "vitest";
import { affine, maxPool2x2, prelu } from "../reference/network.ts";

/** Unit roundoff of float32. */
export const U = 2 ** -24;

/** n roundings in a row: Higham, "Accuracy and Stability of Numerical Algorithms", lemma 3.1. */
export const gamma = (n: number): number => (n * U) / (1 - n * U);

/** What underflow can add: some thousand operations, each off by half of the least denormal. */
const UNDERFLOW = 4096 * 2 ** -150;

export interface Finish {
  readonly slope: number;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly pooled?: boolean;
}

/**
 * The float64 answer of a fused layer and how far float32 may be from it, from its sums and their errors `error`.
 * PReLU is Lipschitz with max(1, |slope|) and rounds at most twice, a maximum never increases the largest error of its
 * window, and the affine rounds at most twice relative to |v · scale| + |shift|.
 */
export function finished(sum: Float64Array, error: Float64Array, size: number, finish: Finish) {
  const { slope, scale, shift, pooled } = finish;
  const lipschitz = Math.max(1, Math.abs(slope));
  const channels = scale.length;
  const pool = (v: Float64Array) => (pooled ? maxPool2x2(v, channels, size) : v);
  const activated = pool(prelu(sum, slope));
  const activatedError = pool(error.map((e, i) => lipschitz * (e * 1.001 + gamma(2) * Math.abs(sum[i]!))));
  const terms = affine(activated.map(Math.abs), scale.map(Math.abs), shift.map(Math.abs));
  const zero = new Float32Array(channels);
  const scaled = affine(activatedError, scale.map(Math.abs), zero);
  return {
    want: affine(activated, scale, shift),
    bound: scaled.map((e, i) => e * 1.001 + gamma(2) * terms[i]! + UNDERFLOW),
  };
}

/** Every value within its bound; a failure names the worst. */
export function expectWithin(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  bound: ArrayLike<number>,
): void {
  expect(got.length).toBe(want.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < want.length; i++) {
    const ratio = Math.abs(got[i]! - want[i]!) / bound[i]!;
    if (!(ratio <= worst)) {
      worst = ratio;
      at = i;
    }
    if (Number.isNaN(ratio)) break;
  }
  expect(worst, `error ÷ bound at ${at}: got ${got[at]}, want ${want[at]}`).toBeLessThanOrEqual(1);
}
