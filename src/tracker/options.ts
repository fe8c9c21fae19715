import { type Check, checkNumber, checkOptions, expected, SHARE } from "../core/errors.ts";
import type { Finder } from "../core/finder/finder.ts";
import { isPool } from "../core/finder/options.ts";
import type { Landmarker } from "../core/landmarker.ts";
import type { Smoothing } from "./one-euro.ts";

export interface TrackerOptions {
  /** Reads the faces. Scores are best with weights that have a score head, as the embedded ones do. */
  readonly landmarker: Landmarker;
  /** Finds new faces, and those that were lost. Without one, faces are those in the boxes that `next` is given. */
  readonly finder?: Finder | undefined;
  /** A face whose points have a lower score isn't seen; 0 to 1, default 0.5. */
  readonly minScore?: number | undefined;
  /** Faces followed at the same time at most; default 16. */
  readonly maxFaces?: number | undefined;
  /** New faces are looked for in one of so many frames, and in every frame while none is seen; default 15. */
  readonly findEvery?: number | undefined;
  /** For how many milliseconds a face that isn't seen keeps its id; default 2000. */
  readonly keepFor?: number | undefined;
  /** The cutoffs of the points' 1€ filter, of which some may be left out, or `false`: points as they are read. */
  readonly smoothing?: { readonly [name in keyof Smoothing]?: number | undefined } | false | undefined;
}

/** The options with their defaults. */
export interface TrackerSettings {
  readonly landmarker: Landmarker;
  readonly finder: Finder | undefined;
  readonly minScore: number;
  readonly maxFaces: number;
  readonly findEvery: number;
  readonly keepFor: number;
  readonly smoothing: Smoothing | undefined;
}

/** Measured on rendered motion (bench/track.ts). */
const SMOOTHING: Smoothing = { minCutoff: 0.35, beta: 4, speedCutoff: 0.8 };

/** @throws TypeError, RangeError that names the option */
export function resolveTracker(options: TrackerOptions): TrackerSettings {
  if (options === undefined) throw expected(TypeError, "options", "{ landmarker }", options);
  const names = ["landmarker", "finder", "minScore", "maxFaces", "findEvery", "keepFor", "smoothing"];
  checkOptions(options, names);
  const { landmarker, finder, minScore = 0.5, maxFaces = 16, findEvery = 15, keepFor = 2000 } = options;
  if (typeof landmarker?.detectAround !== "function")
    throw expected(TypeError, "options.landmarker", "a Landmarker (createLandmarker)", landmarker);
  if (finder !== undefined && (typeof finder?.find !== "function" || isPool(finder)))
    throw expected(TypeError, "options.finder", "a Finder (createFinder)", finder);
  checkNumber("options.minScore", minScore, ...SHARE);
  checkNumber("options.maxFaces", maxFaces, ...COUNT);
  checkNumber("options.findEvery", findEvery, ...COUNT);
  checkNumber("options.keepFor", keepFor, "a number of milliseconds, at least 0", (v) => v >= 0);
  const smoothing = resolveSmoothing(options.smoothing);
  return { landmarker, finder, minScore, maxFaces, findEvery, keepFor, smoothing };
}

function resolveSmoothing(smoothing: TrackerOptions["smoothing"] = {}): Smoothing | undefined {
  if (smoothing === false) return undefined;
  checkOptions(smoothing, Object.keys(SMOOTHING), "options.smoothing");
  const { minCutoff, beta, speedCutoff } = SMOOTHING;
  const given = {
    minCutoff: smoothing.minCutoff ?? minCutoff,
    beta: smoothing.beta ?? beta,
    speedCutoff: smoothing.speedCutoff ?? speedCutoff,
  };
  checkNumber("options.smoothing.minCutoff", given.minCutoff, ...CUTOFF);
  checkNumber("options.smoothing.beta", given.beta, "a number of at least 0", (v) => v >= 0 && v < Infinity);
  checkNumber("options.smoothing.speedCutoff", given.speedCutoff, ...CUTOFF);
  return given;
}

const COUNT: Check = ["a whole number of at least 1", (v) => Number.isSafeInteger(v) && v >= 1];
const CUTOFF: Check = ["a number above 0", (v) => v > 0 && v < Infinity];
