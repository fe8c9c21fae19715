/**
 * How far predicted points lie from the true ones: the Open Model Zoo's normed error and what is made of it.
 *
 * Points are taken relative to the box that was read (its width and height separately). A point's error is its distance
 * from the true one divided by the distance of the true eyes; a face's error is the mean over its five points.
 */
import type { Box, Point } from "fivepoint";

/** A face whose error exceeds this counts as a failure; the cumulative curve's area is taken up to here. */
export const LIMIT = 0.1;

/** One face's errors: dx, dy of each of the five points, in eye distances. */
export type Offsets = readonly number[];

/** Points as fractions of a box: x0, y0 … x4, y4. */
export function relativePoints(points: readonly Point[], box: Box): number[] {
  return points.flatMap(({ x, y }) => [(x - box.x) / box.width, (y - box.y) / box.height]);
}

/** @param predicted, truth x0, y0 … x4, y4 relative to one box */
export function offsets(predicted: ArrayLike<number>, truth: ArrayLike<number>): Offsets {
  const eyes = Math.hypot(truth[0]! - truth[2]!, truth[1]! - truth[3]!);
  return Array.from(predicted, (value, i) => (value - truth[i]!) / eyes);
}

/** The normed errors of a face's five points. */
export function pointErrors(face: Offsets): number[] {
  return [0, 2, 4, 6, 8].map((i) => Math.hypot(face[i]!, face[i + 1]!));
}

/** The normed error of a face. */
export function faceError(face: Offsets): number {
  return mean(pointErrors(face));
}

/**
 * Takes away the mean offset by source and point. Labels of different collections mark the same points in slightly
 * different places; what remains doesn't depend on where.
 */
export function debias(faces: readonly Offsets[], sources: readonly string[]): Offsets[] {
  const sums = new Map<string, { count: number; sum: number[] }>();
  faces.forEach((face, i) => {
    const total = sums.get(sources[i]!) ?? { count: 0, sum: Array<number>(10).fill(0) };
    total.count++;
    face.forEach((value, j) => {
      total.sum[j]! += value;
    });
    sums.set(sources[i]!, total);
  });
  return faces.map((face, i) => {
    const { count, sum } = sums.get(sources[i]!)!;
    return face.map((value, j) => value - sum[j]! / count);
  });
}

export interface Summary {
  readonly faces: number;
  /** Mean normed error, over faces. */
  readonly mean: number;
  readonly median: number;
  /** Mean normed error of each point, in the order of `LANDMARK_NAMES`. */
  readonly points: readonly number[];
  /** Share of faces whose error exceeds 0.1. */
  readonly failureRate: number;
  /** Area under the cumulative error curve from 0 to 0.1, divided by 0.1: 1 is perfect. */
  readonly auc: number;
}

/** @param faces at least one */
export function summarise(faces: readonly Offsets[]): Summary {
  const errors = faces.map(faceError).sort((a, b) => a - b);
  const points = faces.map(pointErrors);
  return {
    faces: faces.length,
    mean: mean(errors),
    median: (errors[(errors.length - 1) >> 1]! + errors[errors.length >> 1]!) / 2,
    points: [0, 1, 2, 3, 4].map((i) => mean(points.map((face) => face[i]!))),
    failureRate: mean(errors.map((error) => (error > LIMIT ? 1 : 0))),
    // Of a face with error e the curve is 1 from e on: its share of the area is LIMIT − e.
    auc: mean(errors.map((error) => Math.max(0, 1 - error / LIMIT))),
  };
}

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
