/** The pose of a head from its five points. */
import { checkPoints, list } from "./similarity.ts";
import type { Point } from "./types.ts";

/** Angles in degrees, each 0 for an upright face that looks into the camera. */
export interface HeadPose {
  /** Tilt, −180 to 180: above 0 clockwise as seen in the image. It is the angle of the line through the eyes. */
  readonly roll: number;
  /** Turn, −90 to 90: above 0 to the right of the image, before the tilt. */
  readonly yaw: number;
  /** Nod, −180 to 180: above 0 upwards, before the turn. */
  readonly pitch: number;
}

/**
 * Five points of MediaPipe's canonical face model (Apache-2.0; `canonical_face_model.obj`) as the embedded weights place them: an eye the mean
 * of the sixteen points of its lids, the tip of the nose 4, the mouth's corners 61 and 291. In eye distances from their mean, as the
 * image has them: x to the right, y downwards, z towards the viewer.
 */
export const HEAD = [
  [-0.5, -0.54042, -0.16696],
  [0.5, -0.54042, -0.16696],
  [0, -0.04892, 0.45964],
  [-0.3886, 0.56488, -0.06286],
  [0.3886, 0.56488, -0.06286],
] as const;

/** Far above what points of faces need, which settle in about ten. */
const MOST_STEPS = 20;

/**
 * How a head is rotated, from its five points: the rotation of a rigid face whose image comes nearest to them by least squares. Of the
 * rotation Rz(roll) · Ry(yaw) · Rx(pitch) the face is first nodded, then turned, then tilted.
 *
 * The camera is taken to be far away (weak perspective), the head to be of average shape, and pitch 0 to be where MediaPipe's model has it,
 * which looks up a little: photos of people average −8°. docs/POINTS.md has the errors. Yaw is good to a few degrees; pitch is weak,
 * since a longer nose or a longer face looks like a nod.
 * @param points five, in the order of `LANDMARK_NAMES`, in any unit
 * @throws TypeError, RangeError unless these are five points, not all in one place
 */
export function headPose(points: readonly Point[]): HeadPose {
  checkPoints("points", points, HEAD.length);
  const measured = centred(points.map(({ x, y }) => [x, y]));
  let q = frontal(measured);
  for (let step = 0; step < MOST_STEPS; step++) {
    const change = gaussNewtonStep(q, measured);
    q = q.map((v, i) => v + change[i]!);
    if (power(change) <= 1e-14 * power(q)) break;
  }
  const [w, x, y, z] = q as Quaternion;
  const degrees = (radians: number) => (radians * 180) / Math.PI;
  const pose = {
    roll: degrees(Math.atan2(2 * (x * y + w * z), w * w + x * x - y * y - z * z)),
    yaw: degrees(Math.asin(Math.max(-1, Math.min(1, (2 * (w * y - x * z)) / power(q))))),
    pitch: degrees(Math.atan2(2 * (y * z + w * x), w * w - x * x - y * y + z * z)),
  };
  if (Object.values(pose).every(Number.isFinite)) return pose;
  throw new RangeError(`Expected points that determine a pose for points, but received ${list(points)}.`);
}

/**
 * A rotation and a scale: the quaternion of the rotation times the root of the scale. Its matrix is quadratic in it and needs no constraint.
 */
type Quaternion = [w: number, x: number, y: number, z: number];

/** The rotation in the plane and the scale that bring the template nearest to the points: the complex factor Σ p·t̄ / Σ |t|². */
function frontal(points: readonly number[][]): number[] {
  let re = 0;
  let im = 0;
  let size = 0;
  points.forEach(([px, py], i) => {
    const [tx, ty] = HEAD[i]!;
    re += px! * tx + py! * ty;
    im += py! * tx - px! * ty;
    size += tx * tx + ty * ty;
  });
  const root = Math.sqrt(Math.hypot(re, im) / size);
  const half = Math.atan2(im, re) / 2;
  return [root * Math.cos(half), 0, 0, root * Math.sin(half)];
}

/**
 * One step of Gauss and Newton. Of a point t of the template and the quaternion q, with
 *
 *   a = w·tx − z·ty + y·tz    b = x·tx + y·ty + z·tz    c = −y·tx + x·ty + w·tz    d = −z·tx − w·ty + x·tz
 *
 * the image is (q · (a, b, c, d), q · (−d, −c, b, a)), and its derivatives by q are twice these vectors.
 */
function gaussNewtonStep(q: readonly number[], points: readonly number[][]): number[] {
  const [w, x, y, z] = q as Quaternion;
  const normal = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  const right = [0, 0, 0, 0];
  points.forEach((point, i) => {
    const [tx, ty, tz] = HEAD[i]!;
    const a = w * tx - z * ty + y * tz;
    const b = x * tx + y * ty + z * tz;
    const c = -y * tx + x * ty + w * tz;
    const d = -z * tx - w * ty + x * tz;
    [
      [a, b, c, d],
      [-d, -c, b, a],
    ].forEach((half, axis) => {
      const residual = point[axis]! - half.reduce((sum, v, k) => sum + v * q[k]!, 0);
      half.forEach((v, row) => {
        right[row]! += 2 * v * residual;
        half.forEach((u, column) => {
          normal[row]![column]! += 4 * v * u;
        });
      });
    });
  });
  return solve(normal, right);
}

/** Solves matrix · x = right for a symmetric positive matrix; both are used up. */
function solve(matrix: number[][], right: number[]): number[] {
  const n = right.length;
  for (let k = 0; k < n; k++) {
    for (let row = k + 1; row < n; row++) {
      const factor = matrix[row]![k]! / matrix[k]![k]!;
      for (let column = k; column < n; column++) matrix[row]![column]! -= factor * matrix[k]![column]!;
      right[row]! -= factor * right[k]!;
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let column = k + 1; column < n; column++) right[k]! -= matrix[k]![column]! * right[column]!;
    right[k]! /= matrix[k]![k]!;
  }
  return right;
}

const power = (v: readonly number[]): number => v.reduce((sum, each) => sum + each * each, 0);

/** Points less their mean. */
function centred(points: readonly number[][]): number[][] {
  const mean = points[0]!.map((_, axis) =>
    points.reduce((sum, point) => sum + point[axis]! / points.length, 0),
  );
  return points.map((point) => point.map((v, axis) => v - mean[axis]!));
}
