/** The five points by name. */
import { checkPoints } from "./similarity.ts";
import { LANDMARK_NAMES, type Point } from "./types.ts";

/** A point per name of `LANDMARK_NAMES`; left and right as seen in the image. */
export type NamedPoints = Record<(typeof LANDMARK_NAMES)[number], Point>;

/**
 * The points by their names.
 * @param points five, in the order of `LANDMARK_NAMES`: `face.points`. They are the same objects in the result
 * @throws TypeError, RangeError unless these are five points
 */
export function namedPoints(points: readonly Point[]): NamedPoints {
  checkPoints("points", points, LANDMARK_NAMES.length);
  return Object.fromEntries(LANDMARK_NAMES.map((name, i) => [name, points[i]])) as NamedPoints;
}

/**
 * The distance between the eyes in the unit of the points: for `face.points` in pixels of the image. It is the usual measure of a face's
 * size; the yaw of a head shortens it.
 * @param points five, in the order of `LANDMARK_NAMES`
 * @throws TypeError, RangeError unless these are five points
 */
export function eyeDistance(points: readonly Point[]): number {
  const { leftEye, rightEye } = namedPoints(points);
  return Math.hypot(rightEye.x - leftEye.x, rightEye.y - leftEye.y);
}
