/** A second reading: the square around found points in which the network answers best, rotated so that the face is upright. */
import { CROP_SIDE, OUTPUTS } from "./model.ts";
import type { Matrix } from "./similarity.ts";
import { OMZ } from "./templates.ts";
import type { Box, Face, Point } from "./types.ts";

/** A square of an image, in pixels. Its rotation, in radians, is clockwise on a screen. */
export interface Square {
  /** Its centre. */
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly rotation: number;
}

/** Of the points' extent. Measured, as is RISE, on faces that training never saw: the model card has the table. */
const SIDE = 2.1;
/** How far the centre lies above the middle of the points' extent, in sides. */
const RISE = 0.05;

/**
 * The square to read next.
 * @param points x0, y0 … x4, y4 in image pixels
 * @returns undefined for points that are all in one place
 */
export function squareAround(points: ArrayLike<number>): Square | undefined {
  let x = 0;
  let y = 0;
  for (let i = 0; i < OUTPUTS; i += 2) {
    x += points[i]! / 5;
    y += points[i + 1]! / 5;
  }
  // The rotation of the least-squares similarity from an upright face u: the argument of Σ p · ū of complex numbers.
  let re = 0;
  let im = 0;
  for (const [k, u] of OMZ.entries()) {
    const [px, py] = [points[2 * k]! - x, points[2 * k + 1]! - y];
    re += px * u.x + py * u.y;
    im += py * u.x - px * u.y;
  }
  const rotation = Math.atan2(im, re);
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  // In the upright frame.
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < OUTPUTS; i += 2) {
    const across = cos * points[i]! + sin * points[i + 1]!;
    const down = cos * points[i + 1]! - sin * points[i]!;
    [left, right] = [Math.min(left, across), Math.max(right, across)];
    [top, bottom] = [Math.min(top, down), Math.max(bottom, down)];
  }
  const side = SIDE * Math.max(right - left, bottom - top);
  if (!(side > 0)) return undefined;
  const across = (left + right) / 2;
  const down = (top + bottom) / 2 - RISE * side;
  return { x: cos * across - sin * down, y: sin * across + cos * down, side, rotation };
}

/** From pixels of the crop to pixels of the image, whose centres lie half a pixel behind their numbers. */
export function cropMatrix({ x, y, side, rotation }: Square): Matrix {
  const a = (side / CROP_SIDE) * Math.cos(rotation);
  const c = (side / CROP_SIDE) * Math.sin(rotation);
  const middle = (CROP_SIDE - 1) / 2;
  return [a, -c, x - 0.5 - (a - c) * middle, c, a, y - 0.5 - (a + c) * middle];
}

/** The ten outputs for the crop of a square, as points in image pixels. */
export function toImage(normalized: ArrayLike<number>, { x, y, side, rotation }: Square): number[] {
  const [a, c] = [side * Math.cos(rotation), side * Math.sin(rotation)];
  const points: number[] = [];
  for (let i = 0; i < OUTPUTS; i += 2) {
    const [across, down] = [normalized[i]! - 0.5, normalized[i + 1]! - 0.5];
    points.push(x + a * across - c * down, y + c * across + a * down);
  }
  return points;
}

/** What the network answers for a crop. */
export type Answer = Pick<Face, "normalized" | "score">;

/** x0, y0 … of points. */
export const flat = (points: readonly Point[]): number[] => points.flatMap(({ x, y }) => [x, y]);

/** A face's points may still move by this part of the square's side when they count as settled: half a pixel of the crop. */
const SETTLED = 0.01;

/**
 * Reads a face again: yields each square to read, takes the answer to its crop, and returns the face in the end. Its points are the
 * mean of all answers, weighted by the odds of their scores, and its score is the best of theirs: a good answer isn't spoilt by a bad
 * one, and the errors of two good ones cancel out in part (the model card has the table).
 * @param face the first answer
 * @param passes how often to read again at most
 * @param isScoreLearned whether scores are probabilities; otherwise the last answer is the face
 */
export function* refine(
  face: Face,
  passes: number,
  isScoreLearned: boolean,
): Generator<Square, Face, Answer> {
  let refined = face;
  let points = flat(face.points);
  let weight = odds(face.score);
  for (let pass = 0; pass < passes; pass++) {
    const square = squareAround(points);
    if (!square) break;
    const { normalized, score } = yield square;
    const found = toImage(normalized, square);
    if (isScoreLearned) {
      weight += odds(score);
      const share = odds(score) / weight;
      const mean = flat(refined.points).map((v, i) => v + share * (found[i]! - v));
      refined = faceIn(square, mean, Math.max(refined.score, score));
    } else {
      refined = faceIn(square, found, score);
    }
    let moved = 0;
    for (let i = 0; i < OUTPUTS; i += 2)
      moved += Math.hypot(found[i]! - points[i]!, found[i + 1]! - points[i + 1]!) / 5;
    if (moved < SETTLED * square.side) break;
    points = found;
  }
  return refined;
}

/** How much likelier an answer is to be right than wrong: from a thousandth, so that odds have a sum to divide by, to a thousand. */
const odds = (score: number): number => Math.max(score, 0.001) / (1.001 - score);

/**
 * A face of a square; its box is the square as if it weren't rotated.
 * @param found the points in image pixels
 */
export function faceIn({ x, y, side }: Square, found: readonly number[], score: number): Face {
  const box: Box = { x: x - side / 2, y: y - side / 2, width: side, height: side };
  const points: Point[] = [];
  for (let i = 0; i < OUTPUTS; i += 2) points.push({ x: found[i]!, y: found[i + 1]! });
  const normalized = Float32Array.from(found, (v, i) => (v - (i % 2 ? box.y : box.x)) / side);
  return { points, normalized, box, score };
}
