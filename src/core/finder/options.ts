import { checkNumber, checkOptions, expected, SHARE } from "../errors.ts";
import { type ModelSettings, resolveModel } from "../options.ts";
import { checkFinderModule } from "./model.ts";
import type { FinderOptions, FindOptions } from "./types.ts";

/** The options of a finder with their defaults. */
export interface FinderSettings extends ModelSettings {
  readonly maxSide: number;
}

/** What `maxSide` may be. */
export const LEAST_SIDE = 32;
export const MOST_SIDE = 2048;

/** Of `find`: at this score 0.1 boxes a photo are false, on the photos that training left out (weights/FINDER_CARD.md). */
export const BOX_MIN_SCORE = 0.42;
/**
 * Of `findFaces`, for the landmarks' score: chosen with the one above on the same photos, where 97 of 100 faces are right then. A higher
 * one loses faces whose points are uncertain (profiles, covered ones) more than false alarms.
 */
export const FACE_MIN_SCORE = 0.2;

/**
 * Checks options before anything is decoded, compiled or started.
 * @throws TypeError, RangeError that names the option
 */
export function resolveFinderOptions(options: FinderOptions | undefined): FinderSettings {
  checkOptions(options, ["weights", "simd", "module", "maxSide"]);
  const { maxSide = 320 } = options ?? {};
  checkSide(maxSide, MOST_SIDE);
  return { ...resolveModel(options, checkFinderModule), maxSide };
}

/** The options of `find` with their defaults. */
export type FindSettings = { readonly [name in keyof FindOptions]-?: number };

/**
 * @param most the finder's own `maxSide`
 * @throws TypeError, RangeError that names the option
 */
export function resolveFindOptions(options: FindOptions | undefined, most: number): FindSettings {
  checkOptions(options, ["minScore", "maxFaces", "maxSide"]);
  const { maxSide = most } = options ?? {};
  checkSide(maxSide, most);
  return { ...resolveLimits(options, BOX_MIN_SCORE), maxSide };
}

/** Which faces are wanted. */
export type Limits = Pick<FindSettings, "minScore" | "maxFaces">;

/** @throws TypeError, RangeError that names the option */
export function resolveLimits(options: FindOptions | undefined, leastScore: number): Limits {
  const { minScore = leastScore, maxFaces = 100 } = options ?? {};
  checkNumber("options.minScore", minScore, ...SHARE);
  if (!(Number.isSafeInteger(maxFaces) && maxFaces >= 1))
    throw expected(RangeError, "options.maxFaces", "a whole number of at least 1", maxFaces);
  return { minScore, maxFaces };
}

function checkSide(side: number, most: number): void {
  if (!(Number.isInteger(side) && side >= LEAST_SIDE && side <= most))
    throw expected(RangeError, "options.maxSide", `a whole number of ${LEAST_SIDE} to ${most}`, side);
}
