import { checkOptions, expected } from "../errors.ts";
import { bestSquare, WIDER_FACE } from "../framing.ts";
import type { Landmarker } from "../landmarker.ts";
import { distinct } from "../same-face.ts";
import type { Box, Face, ImageLike } from "../types.ts";
import type { Finder } from "./finder.ts";
import { FACE_MIN_SCORE, isPool, type Limits, MOST_FACES, resolveLimits } from "./options.ts";
import type { FindOptions } from "./types.ts";

export interface FindFacesOptions extends FindOptions {
  /** Proposes boxes. */
  readonly finder: Finder;
  /** Reads them. */
  readonly landmarker: Landmarker;
  /** Faces whose points have a lower score are left out; 0 to 1, default 0.2. */
  readonly minScore?: number | undefined;
}

/**
 * Finds the faces of an image and their five points: proposals of the finder, read by the landmarker and
 * once more around the points that it found. Faces whose score then is no lower than `minScore` are kept, and of those whose points are the
 * same the best.
 * @returns faces, best score first
 * @throws TypeError, RangeError for an image or options that can't be used, before anything is read
 */
export function findFaces(image: ImageLike, options: FindFacesOptions): Face[] {
  checkOptions(options, ["finder", "landmarker", "minScore", "maxFaces", "maxSide"]);
  if (typeof options !== "object") throw expected(TypeError, "options", "{ finder, landmarker }", options);
  const { finder, landmarker } = options;
  if (typeof finder?.find !== "function" || isPool(finder))
    throw expected(TypeError, "options.finder", "a Finder (createFinder)", finder);
  if (typeof landmarker?.detectAll !== "function" || isPool(landmarker))
    throw expected(TypeError, "options.landmarker", "a Landmarker (createLandmarker)", landmarker);
  const limits = resolveLimits(options, FACE_MIN_SCORE);
  const proposals = finder.find(image, proposalOptions(limits, options.maxSide));
  const faces = landmarker.detectAll(image, proposals.map(landmarkBox), { refine: true });
  return wantedFaces(faces, limits);
}

/**
 * What `find` is asked for the wanted faces: no fewer boxes than by default, since only the landmarks' score tells which faces are
 * the best.
 */
export const proposalOptions = ({ maxFaces }: Limits, maxSide: number | undefined): FindOptions => ({
  maxFaces: Math.max(maxFaces, MOST_FACES),
  maxSide,
});

/** Of the faces in the boxes of proposals, those that score well enough, each once, best first. */
export const wantedFaces = (faces: readonly Face[], { minScore, maxFaces }: Limits): Face[] =>
  distinct(faces.filter(({ score }) => score >= minScore)).slice(0, maxFaces);

/** The square in which the landmark network reads a face best, from the face's box. */
export const landmarkBox = (box: Box): Box => bestSquare(box, WIDER_FACE);
