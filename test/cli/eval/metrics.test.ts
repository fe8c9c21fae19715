import { describe, expect, it } from "vitest";
import {
  debias,
  faceError,
  offsets,
  pointErrors,
  relativePoints,
  summarise,
} from "../../../src/cli/eval/metrics.ts";

// Eyes 0.4 apart, and a prediction that is right but for one point.
const truth = [0.3, 0.4, 0.7, 0.4, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8];
const predicted = (nose: [number, number]) => [...truth.slice(0, 4), ...nose, ...truth.slice(6)];

describe("normed error", () => {
  it("is the mean distance in eye distances", () => {
    const face = offsets(predicted([0.5 + 0.03, 0.6 - 0.04]), truth); // 0.05 off: an eighth of 0.4
    expect(pointErrors(face).map((error) => Number(error.toFixed(12)))).toEqual([0, 0, 0.125, 0, 0]);
    expect(faceError(face)).toBeCloseTo(0.025, 12);
  });

  it("takes width and height of the box separately", () => {
    const points = [{ x: 30, y: 40 }];
    expect(relativePoints(points, { x: 10, y: 20, width: 40, height: 80 })).toEqual([0.5, 0.25]);
  });
});

describe("debias", () => {
  it("takes the mean offset of each source and point away, and no more", () => {
    const shifted = (dx: number, noise: number) =>
      truth.map((_, i) => (i % 2 === 0 ? dx + (i === 0 ? noise : 0) : 0));
    const faces = [shifted(0.1, 0.02), shifted(0.1, -0.02), shifted(-0.3, 0.05), shifted(-0.3, -0.05)];
    const left = debias(faces, ["a", "a", "b", "b"]);
    left.forEach((face, i) => {
      const noise = [0.02, -0.02, 0.05, -0.05][i]!;
      face.forEach((value, j) => {
        expect(value).toBeCloseTo(j === 0 ? noise : 0, 12);
      });
    });
  });
});

describe("summary", () => {
  it("counts failures above 0.1 and integrates the cumulative curve up to it", () => {
    const at = (error: number) => Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? error : 0));
    const { faces, mean, median, points, failureRate, auc } = summarise([0.02, 0.5, 0.06, 0.1].map(at));
    expect({ faces, failureRate }).toEqual({ faces: 4, failureRate: 0.25 });
    expect(mean).toBeCloseTo(0.17, 12);
    expect(median).toBeCloseTo(0.08, 12);
    for (const point of points) expect(point).toBeCloseTo(0.17, 12);
    // A quarter of the faces from 0.02 on, a half from 0.06 on: (0.04 · ¼ + 0.04 · ½) / 0.1.
    expect(auc).toBeCloseTo(0.3, 12);
  });
});
