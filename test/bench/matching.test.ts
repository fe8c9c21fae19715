/** Which answers count as faces, and what follows for a set of photos. */
import { describe, expect, it } from "vitest";
import { curve, type Judged, matchBox, matchPoints, rates } from "../../bench/matching.ts";
import { overlap } from "../../bench/overlap.ts";

const square = (x: number, side = 10) => ({ x, y: 0, width: side, height: side });

it("overlap is the shared area over the joint one", () => {
  expect(overlap(square(0), square(0))).toBe(1);
  expect(overlap(square(0), square(5))).toBeCloseTo(1 / 3, 12);
  expect(overlap(square(0), square(10))).toBe(0);
});

describe("a box", () => {
  it.each([
    ["on the second face", square(21), { kind: "right", face: 1 }],
    ["between right and false", square(5), { kind: "neither", face: 0 }],
    ["beside all", square(100), { kind: "false" }],
  ])("%s", (_, box, expected) => {
    expect(matchBox(box, [square(0), square(20)])).toMatchObject(expected);
  });

  it("is false where nobody is labelled", () => {
    expect(matchBox(square(0), [])).toEqual({ kind: "false", face: -1 });
  });
});

describe("five points", () => {
  const points = (...xs: number[]) => xs.map((x) => ({ x, y: 5 }));

  it.each([
    ["four of them in a face", points(21, 22, 23, 24, 40), { kind: "right", face: 1 }],
    ["three", points(21, 22, 23, 40, 40), { kind: "neither", face: 1 }],
    ["none", points(40, 41, 42, 43, 44), { kind: "false" }],
  ])("%s", (_, five, expected) => {
    expect(matchPoints(five, [square(0), square(20)])).toMatchObject(expected);
  });
});

describe("of a set of photos", () => {
  const answer = (score: number, kind: Judged["kind"], counted?: number): Judged => ({
    score,
    kind,
    counted,
  });
  // Two counted faces, one of them found twice; a small face; two false alarms.
  const answers = [
    answer(0.5, "right", 1),
    answer(0.9, "right", 0),
    answer(0.8, "right", 0),
    answer(0.7, "false"),
    answer(0.6, "right"),
    answer(0.4, "false"),
    answer(0.3, "neither"),
  ];

  it("rates count small and repeated faces as right, and recall each counted one once", () => {
    expect(rates(answers, 10, 3)).toEqual({ precision: 4 / 6, recall: 2 / 3, alarms: 0.2 });
  });

  it("the curve takes counted faces, each once, and false alarms, by falling score", () => {
    const { recall, area, cut } = curve(answers, 10, 3, 0);
    expect(recall).toBeCloseTo(1 / 3, 12);
    expect(area).toBeCloseTo(1 / 3 + (1 / 3) * (2 / 3), 12);
    expect(curve(answers, 10, 3, 0.1).recall).toBeCloseTo(2 / 3, 12);
    expect(curve(answers, 10, 3, 0.2).cut).toBe(true);
    expect(cut).toBe(false);
    expect(curve([], 10, 3, 0.1)).toEqual({ recall: 0, area: 0, cut: true });
  });
});
