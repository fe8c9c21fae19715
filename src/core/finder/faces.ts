import { checkOptions, expected } from "../errors.ts";
import type { Landmarker } from "../landmarker.ts";
import { distinct } from "../same-face.ts";
import type { Box, Face, ImageLike } from "../types.ts";
import type { Finder } from "./finder.ts";
import { resolveLimits } from "./options.ts";
import type { FindOptions } from "./types.ts";

export interface FindFacesOptions extends FindOptions {
  /** Proposes boxes. */
  readonly finder: Finder;
  /** Reads them. */
  readonly landmarker: Landmarker;
  /** Faces whose points have a lower score are left out; 0 to 1, default 0.5. */
  readonly minScore?: number | undefined;
}

/** A proposal needs no more: whether it is a face is seen once its points are read. */
const MIN_PROPOSAL_SCORE = 0.2;

/**
 * Finds the faces of an image and their five points: proposals of the finder with a low threshold, read by the landmarker
 * and once more around the points that it found. Faces that then have a good score are kept, and of those whose points are the
 * same the best.
 * @returns faces, best score first
 * @throws TypeError, RangeError for an image or options that can't be used, before anything is read
 */
export function findFaces(image: ImageLike, options: FindFacesOptions): Face[] {
  checkOptions(options, ["finder", "landmarker", "minScore", "maxFaces", "maxSide"]);
  if (typeof options !== "object") throw expected(TypeError, "options", "{ finder, landmarker }", options);
  const { finder, landmarker, maxSide } = options;
  if (typeof finder?.find !== "function")
    throw expected(TypeError, "options.finder", "a Finder (createFinder)", finder);
  if (typeof landmarker?.detectAll !== "function")
    throw expected(TypeError, "options.landmarker", "a Landmarker (createLandmarker)", landmarker);
  const { minScore, maxFaces } = resolveLimits(options);
  const proposals = finder.find(image, { minScore: MIN_PROPOSAL_SCORE, maxSide });
  const faces = landmarker.detectAll(image, proposals.map(landmarkBox), { refine: true });
  return distinct(faces.filter(({ score }) => score >= minScore)).slice(0, maxFaces);
}

/**
 * The square in which the landmark network reads a face best, from the face's box: its side 0.97 · √(width · height), its
 * centre 0.054 · height lower (measured on labelled faces of photos).
 */
export function landmarkBox({ x, y, width, height }: Box): Box {
  const side = Math.max(1, 0.97 * Math.sqrt(width * height));
  return {
    x: x + width / 2 - side / 2,
    y: y + (0.5 + 0.054) * height - side / 2,
    width: side,
    height: side,
  };
}
