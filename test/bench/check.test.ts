/** The guard's judgement and the statistics under it; what it measures is not the tests' business. */
import { describe, expect, it } from "vitest";
import { compare, goals } from "../../bench/check.ts";
import { ratio } from "../../bench/rounds.ts";
import { median, quantile } from "../../bench/statistics.ts";

const timing = (...rounds: number[]) => ({ p50: 0, p95: null, samples: 0, rounds });

describe("compare", () => {
  const stored = { "a, 1 per call ÷ x": 0.5 };

  it.each([
    ["a gain", { "a, 1 per call ÷ x": 0.3 }, [], 0],
    ["a loss of 14 %", { "a, 1 per call ÷ x": 0.57 }, [], 0],
    ["a loss of 16 %", { "a, 1 per call ÷ x": 0.58 }, [], 1],
    ["no number", { "a, 1 per call ÷ x": Number.NaN }, [], 1],
    ["a runtime that isn't here", {}, [], 0],
    ["a contender that gives wrong answers", {}, ["a"], 1],
    ["another that does", {}, ["b"], 0],
  ])("judges %s", (_, ratios, broken, lost) => {
    expect(compare(stored, ratios, broken).lost).toBe(lost);
  });
});

describe("goals", () => {
  const row = (key: string, ...rounds: number[]) => ({
    ...{ key, name: key.split(" ")[0]!, version: "", engine: "", meanError: 0, maxError: 0 },
    timings: { 1: { ...timing(...rounds), p50: median(rounds) } },
    start: { load: 4, create: 3, first: 2.5 },
  });
  const measured = { phases: [{ name: "fivepoint f32", ms: { prepare: 3.25 } }], leftOut: [], counts: [] };

  it("are compared with what was measured, and those without a peer are left out", () => {
    const rows = [
      row("fivepoint f32 · Node 24", 43, 40, 50),
      row("fivepoint int8 · Node 24", 90, 80, 70),
      row("onnxruntime-node f32 · Node 24", 100, 100, 100),
      row("onnxruntime-node int8 · Node 24", 100, 100, 100),
      row("onnxruntime-node qlinear · Node 24", 99, 98, 99), // the faster of the two counts
    ];
    const photo = [{ face: 150, ratio: 1.16, us: 1 }];
    expect(goals({ ...measured, rows, photo })).toEqual([
      "met      fivepoint f32 · Node 24 ÷ onnxruntime-node f32 · Node 24, 1 per call: 0.43, goal ≤ 0.43",
      "not met  fivepoint int8 · Node 24 ÷ onnxruntime-node f32 · Node 24, 1 per call: 0.80, goal ≤ 0.35",
      "not met  fivepoint int8 · Node 24 ÷ onnxruntime-node qlinear · Node 24, 1 per call: 0.82, goal ≤ 0.8",
      "not met  detect on 12 megapixels, a face of 150 pixels ÷ run: 1.16, goal ≤ 1.15",
      "met      fivepoint f32 · Node 24, import to first face, ms: 9.5, goal ≤ 10",
      "not met  fivepoint f32, preparing the weights, ms: 3.3, goal ≤ 3",
    ]);
  });
});

describe("ratio", () => {
  it("is the median of the rounds' ratios, so that a slow phase of the machine cancels out", () => {
    expect(ratio(timing(1, 10, 3, 4, 5), timing(2, 20, 6, 8, 1))).toBe(0.5);
  });
});

describe("quantile", () => {
  // numpy.quantile([3, 1, 4, 1, 5, 9], [0, 0.5, 0.95, 1])
  it.each([
    [0, 1],
    [0.5, 3.5],
    [0.95, 8],
    [1, 9],
  ])("equals numpy's at %d", (p, value) => {
    expect(quantile([3, 1, 4, 1, 5, 9], p)).toBeCloseTo(value, 12);
  });

  it("is the middle at one half", () => {
    expect(median([7, 1, 2])).toBe(2);
  });
});
