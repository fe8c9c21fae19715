/** The pose of a head: against SciPy (test/fixtures/make_pose.py), known angles, and yaw that MediaPipe's mesh gave for photos. */
import { parse } from "csv-parse/sync";
import { headPose, type Point } from "fivepoint";
import { describe, expect, it } from "vitest";
import fixture from "../fixtures/pose.json" with { type: "json" };
import { random } from "../support/random.ts";
import { readReference, reference } from "../support/reference.ts";

const toPoints = (pairs: number[][]): Point[] => pairs.map(([x, y]) => ({ x: x!, y: y! }));
const angles = (points: Point[]) => {
  const { roll, yaw, pitch } = headPose(points);
  return [roll, yaw, pitch] as const;
};
/** The angle between two directions, in degrees. */
const apart = (one: number, other: number) => Math.abs(((((one - other) % 360) + 540) % 360) - 180);
const largest = (found: readonly number[], want: readonly number[]) =>
  Math.max(...found.map((angle, i) => apart(angle, want[i]!)));

/** A drawing of a face from the front, and the same face as it changes: by hand, with no template. */
const FRONT: Point[] = toPoints([
  [-50, 0],
  [50, 0],
  [0, 50],
  [-39, 110],
  [39, 110],
]);
const noseBy = (dx: number, dy: number) =>
  FRONT.map(({ x, y }, i) => (i === 2 ? { x: x + dx, y: y + dy } : { x, y }));

describe("headPose", () => {
  const cases = fixture.cases.map((each, i) => ({ ...each, i, points: toPoints(each.points) }));

  it.each(cases)("is SciPy's best fit: case $i, noise $noise", ({ points, noise, angles: true_, fitted }) => {
    // Steps end at 10⁻⁷ of a radian or so; near the end each is at most 0.3 of the one before.
    expect(largest(angles(points), fitted)).toBeLessThan(1e-3);
    if (noise === 0) expect(largest(angles(points), true_)).toBeLessThan(1e-6);
  });

  it("has the signs that it states", () => {
    expect(headPose(FRONT).yaw).toBeCloseTo(0, 6);
    expect(headPose(FRONT).roll).toBeCloseTo(0, 6);
    expect(headPose(noseBy(20, 0)).yaw).toBeGreaterThan(10);
    expect(headPose(noseBy(-20, 0)).yaw).toBeLessThan(-10);
    const { pitch } = headPose(FRONT);
    expect(headPose(noseBy(0, -15)).pitch).toBeGreaterThan(pitch + 5); // the nose goes up: the face looks up
    expect(headPose(noseBy(0, 15)).pitch).toBeLessThan(pitch - 5);
    const [cos, sin] = [Math.cos(Math.PI / 9), Math.sin(Math.PI / 9)]; // takes (1, 0) down the image: clockwise
    const tilted = FRONT.map(({ x, y }) => ({ x: cos * x - sin * y, y: sin * x + cos * y }));
    expect(headPose(tilted).roll).toBeCloseTo(20, 4);
  });

  it("doesn't depend on unit and place, and adds rotation in the plane to roll alone", () => {
    for (const { points } of cases) {
      const [roll, yaw, pitch] = angles(points);
      for (const degrees of [25, -140]) {
        const a = 0.03 * Math.cos((degrees / 180) * Math.PI);
        const c = 0.03 * Math.sin((degrees / 180) * Math.PI);
        const moved = points.map(({ x, y }) => ({ x: a * x - c * y + 500, y: c * x + a * y - 70 }));
        expect(largest(angles(moved), [roll + degrees, yaw, pitch])).toBeLessThan(1e-3);
      }
    }
  });

  it("mirrors yaw and roll with the image", () => {
    for (const { points } of cases) {
      const [roll, yaw, pitch] = angles(points);
      const mirrored = [1, 0, 2, 4, 3].map((i) => ({ x: -points[i]!.x, y: points[i]!.y }));
      expect(largest(angles(mirrored), [-roll, -yaw, pitch])).toBeLessThan(1e-3);
    }
  });

  it.each([
    [0.03, 4],
    [0.05, 6],
  ])("is within docs/POINTS.md's errors for points with noise of %d eye distances", (noise, most) => {
    const next = random(12);
    const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const errors = Array.from({ length: 600 }, () => {
      const [yaw, pitch] = [120 * (next() - 0.5), 60 * (next() - 0.5)] as const;
      const [sy, cy] = [Math.sin((yaw / 180) * Math.PI), Math.cos((yaw / 180) * Math.PI)];
      const [sp, cp] = [Math.sin((pitch / 180) * Math.PI), Math.cos((pitch / 180) * Math.PI)];
      const points = fixture.face.map((point) => {
        const [x, y, z] = point as [number, number, number];
        return {
          x: cy * x + sy * (sp * y + cp * z) + noise * normal(),
          y: cp * y - sp * z + noise * normal(),
        };
      });
      const found = headPose(points);
      return [found.yaw - yaw, found.pitch - pitch] as const;
    });
    for (const axis of [0, 1] as const) {
      const rms = Math.sqrt(errors.reduce((sum, each) => sum + each[axis] ** 2, 0) / errors.length);
      expect(rms).toBeLessThan(most);
      expect(rms).toBeGreaterThan(0.4 * most); // the noise is there
    }
  });

  it("gives finite angles for five points of any shape", () => {
    const next = random(9);
    const number = () => 200 * (next() - 0.5);
    for (let i = 0; i < 300; i++) {
      const points = Array.from({ length: 5 }, () => ({ x: number(), y: number() }));
      if (i % 3 === 0) for (const point of points) point.y = 0.4 * point.x; // in a line
      if (i % 3 === 1) points.splice(0, 2, points[2]!, points[2]!); // three in one place
      const [roll, yaw, pitch] = angles(points);
      expect([roll, yaw, pitch].every(Number.isFinite)).toBe(true);
      expect(Math.abs(yaw)).toBeLessThanOrEqual(90);
    }
  });

  it.each<[string, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ["no points", undefined, TypeError, /array of points.*for points,.*undefined/],
    ["four points", FRONT.slice(1), RangeError, /5 points for points/],
    ["NaN", noseBy(Number.NaN, 0), RangeError, /finite number for points\[2\]\.x.*NaN/],
    ["all in one place", FRONT.map(() => ({ x: 3.1, y: -7.7 })), RangeError, /determine a pose.*3\.1, -7\.7/],
    ["too far for numbers", FRONT.map(({ x, y }) => ({ x: x * 1e306, y })), RangeError, /determine a pose/],
  ])("refuses %s", (_, points, type, message) => {
    expect(() => headPose(points as Point[])).toThrow(type);
    expect(() => headPose(points as Point[])).toThrow(message);
  });

  // The mesh's own yaw comes from the depth of its points, which five points in the plane know nothing of.
  it.skipIf(!reference)(
    "agrees with the mesh on frontal faces and on profiles (needs the reference data)",
    () => {
      type Row = Record<string, string>;
      const rows = (parse(readReference("faces/clean.csv"), { columns: true }) as Row[]).filter(
        (_, i) => i % 8 === 0,
      );
      const errors = { frontal: [] as number[], turned: [] as number[] };
      for (const row of rows) {
        const points = [0, 1, 2, 3, 4].map((i) => ({ x: Number(row[`x${i}`]), y: Number(row[`y${i}`]) }));
        const yaw = (-Math.asin(Number(row.yaw)) / Math.PI) * 180; // there to the left above 0
        const kind = Math.abs(yaw) < 15 ? "frontal" : "turned";
        if (kind === "frontal" || Math.abs(yaw) > 30) errors[kind].push(headPose(points).yaw - yaw);
      }
      const rms = (values: number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
      expect(errors.frontal.length).toBeGreaterThan(1000);
      expect(errors.turned.length).toBeGreaterThan(200);
      expect(rms(errors.frontal)).toBeLessThan(3);
      expect(rms(errors.turned)).toBeLessThan(5);
    },
  );
});
