import type { WeightsFile } from "../container.ts";
import { checkNumber, checkOptions, expected, SHARE, WeightsError } from "../errors.ts";
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

/**
 * Of `find`, what the weights say themselves: at their `threshold` 0.1 boxes a photo are false, on the photos that training left
 * out (weights/FINDER_CARD.md). Weights of one's own needn't have any.
 * @throws WeightsError for a threshold that isn't a number of 0 to 1
 */
export function leastScore({ metadata: { threshold = "0.5" } }: WeightsFile): number {
  const least = threshold === "" ? Number.NaN : Number(threshold);
  if (!(least >= 0 && least <= 1))
    throw new WeightsError(
      `The weights' threshold must be a number of 0 to 1, not ${JSON.stringify(threshold)}.`,
    );
  return least;
}

/**
 * Of `findFaces`, for the landmarks' score: chosen with the threshold of the default weights on the same photos, where 98 of 100 faces are right then. A higher
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
 * @param least the default of `minScore`
 * @throws TypeError, RangeError that names the option
 */
export function resolveFindOptions(
  options: FindOptions | undefined,
  most: number,
  least: number,
): FindSettings {
  checkOptions(options, ["minScore", "maxFaces", "maxSide"]);
  const { maxSide = most } = options ?? {};
  checkSide(maxSide, most);
  return { ...resolveLimits(options, least), maxSide };
}

/** The default of `maxFaces`. */
export const MOST_FACES = 100;

/** Which faces are wanted. */
export type Limits = Pick<FindSettings, "minScore" | "maxFaces">;

/** @throws TypeError, RangeError that names the option */
export function resolveLimits(options: FindOptions | undefined, least: number): Limits {
  const { minScore = least, maxFaces = MOST_FACES } = options ?? {};
  checkNumber("options.minScore", minScore, ...SHARE);
  if (!(Number.isSafeInteger(maxFaces) && maxFaces >= 1))
    throw expected(RangeError, "options.maxFaces", "a whole number of at least 1", maxFaces);
  return { minScore, maxFaces };
}

function checkSide(side: number, most: number): void {
  if (!(Number.isInteger(side) && side >= LEAST_SIDE && side <= most))
    throw expected(RangeError, "options.maxSide", `a whole number of ${LEAST_SIDE} to ${most}`, side);
}

/** Whether a value is a pool of workers: it has the methods of a Finder and a Landmarker, but they give promises. */
export const isPool = (value: object): boolean => "findFaces" in value;
