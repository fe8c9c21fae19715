/** The guard's judgement and the statistics under it; what it measures is not the tests' business. */
import { describe, expect, it } from "vitest";
import { compare } from "../../bench/check.ts";
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
