/** Similarity transforms: points brought nearest to other points. */
import { isFraction } from "./box.ts";
import { expected } from "./errors.ts";
import type { Point } from "./types.ts";

/** A 2×3 matrix row by row: x′ = a·x + b·y + tx, y′ = c·x + d·y + ty. */
export type Matrix = readonly [a: number, b: number, tx: number, c: number, d: number, ty: number];

export interface Similarity {
  /** From the space of `from` to that of `to`. */
  readonly matrix: Matrix;
  /** From the space of `to` to that of `from`. */
  readonly inverse: Matrix;
  /** Length in `to` of a unit of `from`, above 0. */
  readonly scale: number;
  /** Angle from the x axis of `from` to that of `to` in radians, −π…π; clockwise on a screen, where y grows downwards. */
  readonly rotation: number;
}

/**
 * The similarity (rotation, uniform scale, translation, never a reflection) that brings `from` nearest to `to`, by least
 * squares: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991. In the
 * plane its singular value decomposition comes down to one complex factor, Σ t·f̄ / Σ |f|² of the centred points.
 * @param from at least two points that aren't all the same
 * @param to as many points
 * @throws TypeError when these aren't points, RangeError when they don't determine a similarity
 */
export function similarityTransform(from: readonly Point[], to: readonly Point[]): Similarity {
  checkPoints("from", from);
  checkPoints("to", to);
  if (from.length < 2) throw expected(RangeError, "from", "at least two points", from);
  if (to.length !== from.length)
    throw expected(RangeError, "to", `${from.length} points, as many as from`, to);
  const f = centre(from);
  const t = centre(to);
  let re = 0;
  let im = 0;
  let power = 0;
  let bound = 0;
  f.offsets.forEach((p, i) => {
    const q = t.offsets[i]!;
    re += q.x * p.x + q.y * p.y;
    im += q.y * p.x - q.x * p.y;
    power += p.x ** 2 + p.y ** 2;
    bound += Math.hypot(q.x, q.y) * Math.hypot(p.x, p.y);
  });
  // Where nothing but rounding is left of the sum, no rotation is nearer than another, as from a shape to its mirror image.
  const determined = Math.hypot(re, im) > 1e-12 * bound;
  const a = re / power;
  const c = im / power;
  const tx = t.mean.x - (a * f.mean.x - c * f.mean.y);
  const ty = t.mean.y - (c * f.mean.x + a * f.mean.y);
  const matrix = [a, -c, tx, c, a, ty] as const;
  const inverse = invert(matrix);
  if (!determined || ![...matrix, ...inverse].every(Number.isFinite)) {
    const given = `${list(from)} and ${list(to)}`;
    throw new RangeError(
      `Expected points that determine a similarity for from and to, but received ${given}.`,
    );
  }
  return { matrix, inverse, scale: Math.hypot(a, c), rotation: Math.atan2(c, a) };
}

/** Five points in pixels of something of that size. */
export function checkFace(
  argument: string,
  points: readonly Point[],
  size: { readonly width: number; readonly height: number },
): void {
  checkPoints(argument, points, 5);
  if (size.width * size.height > 1 && points.every(({ x, y }) => isFraction(x) && isFraction(y))) {
    throw new RangeError(
      `Expected pixels, not fractions of the sides (${size.width} × ${size.height}) for ${argument}, but received ${list(points)}.`,
    );
  }
}

/** @throws TypeError, RangeError unless these are points, `count` of them where it is given */
export function checkPoints(argument: string, points: readonly Point[], count?: number): void {
  if (!Array.isArray(points)) throw expected(TypeError, argument, "an array of points { x, y }", points);
  if (count !== undefined && points.length !== count) {
    throw expected(RangeError, argument, `${count} points`, points);
  }
  // By index, so that a hole is seen too.
  for (let i = 0; i < points.length; i++) {
    const point = points[i];
    if (typeof point !== "object" || point === null) {
      throw expected(TypeError, `${argument}[${i}]`, "a point { x, y }", point);
    }
    for (const axis of ["x", "y"] as const) {
      if (!Number.isFinite(point[axis])) {
        throw expected(RangeError, `${argument}[${i}].${axis}`, "a finite number", point[axis]);
      }
    }
  }
}

/** The mean of points, and their offsets from it, which are exactly 0 when all points are the same. */
function centre(points: readonly Point[]): { mean: Point; offsets: Point[] } {
  const [first] = points as [Point];
  const fromFirst = points.map(({ x, y }) => ({ x: x - first.x, y: y - first.y }));
  const shift = { x: 0, y: 0 };
  for (const { x, y } of fromFirst) {
    shift.x += x / points.length;
    shift.y += y / points.length;
  }
  return {
    mean: { x: first.x + shift.x, y: first.y + shift.y },
    offsets: fromFirst.map(({ x, y }) => ({ x: x - shift.x, y: y - shift.y })),
  };
}

/** Points as an error lists them. */
export const list = (points: readonly Point[]) => `[${points.map(({ x, y }) => `(${x}, ${y})`).join(" ")}]`;

function invert([a, b, tx, c, d, ty]: Matrix): Matrix {
  const factor = 1 / (a * d - b * c);
  const [p, q, r, s] = [d * factor, -b * factor, -c * factor, a * factor];
  return [p, q, -p * tx - q * ty, r, s, -r * tx - s * ty];
}
