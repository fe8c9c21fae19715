import { checkOptions, expected } from "../errors.ts";
import type { Landmarker } from "../landmarker.ts";
import type { Box, Face, ImageLike, Point } from "../types.ts";
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
/** Two faces are one when their points lie nearer to each other, on average, than this part of the larger one's size. */
const SAME_FACE = 0.4;

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
  return merge(faces.filter(({ score }) => score >= minScore)).slice(0, maxFaces);
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

/** Best first, without those whose points are a better one's. */
function merge(faces: Face[]): Face[] {
  const kept: Face[] = [];
  for (const face of faces.sort((a, b) => b.score - a.score)) {
    if (!kept.some((better) => same(better.points, face.points))) kept.push(face);
  }
  return kept;
}

function same(a: readonly Point[], b: readonly Point[]): boolean {
  const distance = a.reduce((sum, p, k) => sum + Math.hypot(p.x - b[k]!.x, p.y - b[k]!.y), 0) / a.length;
  return distance < SAME_FACE * Math.max(size(a), size(b));
}

/** Root mean square distance of points from their centre. */
function size(points: readonly Point[]): number {
  const n = points.length;
  const x = points.reduce((sum, p) => sum + p.x, 0) / n;
  const y = points.reduce((sum, p) => sum + p.y, 0) / n;
  return Math.sqrt(points.reduce((sum, p) => sum + (p.x - x) ** 2 + (p.y - y) ** 2, 0) / n);
}
