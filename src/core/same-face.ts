/** Whether two answers are of one face. */
import type { Face, Point } from "./types.ts";

/** Two faces are one when their points lie nearer to each other, on average, than this part of the larger one's size. */
const SAME_FACE = 0.4;

/** The faces best first, of those whose points are the same the best. */
export function distinct(faces: readonly Face[]): Face[] {
  const kept: Face[] = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    if (!kept.some((better) => isSameFace(better.points, face.points))) kept.push(face);
  }
  return kept;
}

export const isSameFace = (a: readonly Point[], b: readonly Point[]): boolean => apart(a, b) < SAME_FACE;

/** The mean distance between two faces' points, in sizes of the larger face. */
export function apart(a: readonly Point[], b: readonly Point[]): number {
  const distance = a.reduce((sum, p, k) => sum + Math.hypot(p.x - b[k]!.x, p.y - b[k]!.y), 0) / a.length;
  return distance / Math.max(size(a), size(b));
}

/** Root mean square distance of points from their centre. Of an upright face, 0.66 eye distances. */
export function size(points: readonly Point[]): number {
  const n = points.length;
  const x = points.reduce((sum, p) => sum + p.x, 0) / n;
  const y = points.reduce((sum, p) => sum + p.y, 0) / n;
  return Math.sqrt(points.reduce((sum, p) => sum + (p.x - x) ** 2 + (p.y - y) ** 2, 0) / n);
}
