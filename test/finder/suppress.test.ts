import { describe, expect, it } from "vitest";
import { suppress } from "../../src/core/finder/suppress.ts";
import * as reference from "../reference/finder.ts";
import { random } from "../support/random.ts";

const pack = (candidates: readonly reference.Candidate[]) =>
  Float32Array.from(
    candidates.flatMap(({ score, left, top, right, bottom }) => [score, left, top, right, bottom]),
  );

const unpack = (box: Float32Array): reference.Candidate => {
  const [score, left, top, right, bottom] = box as unknown as [number, number, number, number, number];
  return { score, left, top, right, bottom };
};

describe("suppress", () => {
  it.each([0, 1, 2, 30, 599, 600, 601, 2000])("%d candidates: as the reference", (count) => {
    const next = random(count);
    const candidates = pack(
      Array.from({ length: count }, () => {
        const [left, top] = [300 * next(), 200 * next()];
        const size = 5 + 60 * next();
        // Rounded, so that scores are equal now and then.
        const score = Math.round(100 * next()) / 100;
        return { score, left, top, right: left + size, bottom: top + size * (0.8 + 0.6 * next()) };
      }),
    );
    const all = Array.from({ length: count }, (_, i) => unpack(candidates.subarray(5 * i, 5 * i + 5)));
    const want = reference.suppress(all, 0);
    expect(suppress(candidates).map(unpack)).toEqual(want);
  });

  it("keeps what shares no more than 0.45 of the union", () => {
    // Squares of 100 side by side, shifted by d, share (100 − d) / (100 + d): 0.45 at 37.93.
    const square = (score: number, left: number) => ({ score, left, top: 0, right: left + 100, bottom: 100 });
    expect(suppress(pack([square(0.9, 0), square(0.8, 38)]))).toHaveLength(2);
    expect(suppress(pack([square(0.9, 0), square(0.8, 37.8)]))).toHaveLength(1);
    // One that is gone covers nothing.
    expect(suppress(pack([square(0.9, 0), square(0.8, 30), square(0.7, 60)]))).toHaveLength(2);
    expect(suppress(pack([{ ...square(0.9, 0), right: 0 }, square(0.8, 0)]))).toHaveLength(2);
  });
});
