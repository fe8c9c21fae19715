/** Points by name, and the distance between the eyes. */
import { eyeDistance, LANDMARK_NAMES, namedPoints, type Point } from "fivepoint";
import { describe, expect, it } from "vitest";

const points: Point[] = [
  { x: 10, y: 20 },
  { x: 40, y: 60 },
  { x: 21, y: 45 },
  { x: 8, y: 70 },
  { x: 30, y: 90 },
];

const replaced = (index: number, point: unknown) => points.map((each, i) => (i === index ? point : each));

describe("namedPoints", () => {
  it("gives each point the name at its place in the list of names", () => {
    expect(namedPoints(points)).toEqual({
      leftEye: { x: 10, y: 20 },
      rightEye: { x: 40, y: 60 },
      nose: { x: 21, y: 45 },
      leftMouth: { x: 8, y: 70 },
      rightMouth: { x: 30, y: 90 },
    });
    expect(Object.keys(namedPoints(points))).toEqual(LANDMARK_NAMES);
  });
});

describe("eyeDistance", () => {
  it("is that between the two eyes, whatever the others are", () => {
    expect(eyeDistance(points)).toBe(50); // 30, 40, 50
    expect(eyeDistance(points.map(({ x, y }, i) => (i < 2 ? { x, y } : { x: -y, y: 9 * x })))).toBe(50);
  });

  it("is 0 where both eyes are one", () => {
    expect(eyeDistance(points.map(() => ({ x: 3, y: 4 })))).toBe(0);
  });
});

describe.each(Object.entries({ namedPoints, eyeDistance }))("%s", (_, call) => {
  it.each<[string, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ["no array", undefined, TypeError, /array of points.*for points,.*undefined/],
    ["a face in place of its points", { points }, TypeError, /array of points.*for points/],
    ["four points", points.slice(1), RangeError, /5 points for points/],
    ["NaN", replaced(1, { x: 1, y: Number.NaN }), RangeError, /finite number for points\[1\]\.y.*NaN/],
    ["a hole", replaced(4, undefined), TypeError, /for points\[4\],.*undefined/],
  ])("refuses %s", (_, given, type, message) => {
    expect(() => call(given as Point[])).toThrow(type);
    expect(() => call(given as Point[])).toThrow(message);
  });
});
