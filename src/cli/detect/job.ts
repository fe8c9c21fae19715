/** What `detect` does with one image: in its own process for a few images, in several for many. */
import { format, parse } from "node:path";
import { alignFace, type Box, type Face, type Landmarker } from "fivepoint";
import { FACE_MIN_SCORE } from "../../core/finder/options.ts";
import type { RgbImage } from "../../formats/photo.ts";
import { annotate } from "../draw.ts";
import { loadFaceApiDetector } from "../face-api.ts";
import { writeWhole } from "../files.ts";
import { formatOf, readImage, toSharp } from "../images.ts";
import { type ModelOptions, openLandmarker } from "../model.ts";
import { loadSharp } from "../sharp.ts";
import type { Targets } from "./targets.ts";

/** The same for all images. */
export interface JobOptions extends ModelOptions {
  /** What finds the faces of images without boxes; without one, the whole image is the face. */
  readonly detector?: "finder" | "face-api" | undefined;
  /** The finder's. */
  readonly maxSide?: number | undefined;
  readonly expand: number;
  readonly refine?: true | number | undefined;
  /** Faces with a lower score are left out. */
  readonly minScore?: number | undefined;
  /** Whether an image without a face has failed. */
  readonly requireFace?: true | undefined;
  /** Drawings are so many times as large as their image; default 1. */
  readonly scale?: number | undefined;
}

export interface Job {
  readonly path: string;
  readonly boxes: readonly Box[] | undefined;
  readonly targets: Targets;
}

/** What became of an image: its faces, the boxes that couldn't be read, or why it failed as a whole. */
export interface Outcome {
  readonly path: string;
  readonly size?: string;
  readonly faces: readonly Face[];
  /** How many faces were left out for their score. */
  readonly below: number;
  readonly errors: readonly string[];
}

/** What is said of an image without a face. */
export const NO_FACE = "no face found";

/** Whether all was done and there was no face. */
export function isEmpty({ faces, errors }: Pick<Outcome, "faces" | "errors">): boolean {
  return faces.length === 0 && errors.length === 0;
}

export function failure(path: string, error: string): Outcome {
  return { path, faces: [], below: 0, errors: [error] };
}

/**
 * Loads what jobs need.
 * @returns does a job; never rejects
 * @throws Error when the model, sharp or the detector can't be loaded
 */
export async function openJobs(options: JobOptions): Promise<(job: Job) => Promise<Outcome>> {
  const landmarker = await openLandmarker(options);
  const find = await openDetector(landmarker, options);
  await loadSharp();
  const { minScore = 0, requireFace, scale = 1 } = options;
  return async ({ path, boxes, targets: { drawing, chip, numbered } }) => {
    try {
      const image = await readImage(path);
      const { faces: all, errors } = boxes ? readFaces(landmarker, image, boxes, options) : await find(image);
      const faces = all.filter(({ score }) => score >= minScore);
      if (requireFace && isEmpty({ faces, errors })) errors.push(NO_FACE);
      if (drawing !== undefined) await writeWhole(drawing, await annotate(image, faces, drawing, scale));
      if (chip !== undefined) await writeChips(image, faces, chip, numbered || faces.length > 1);
      const size = `${image.width}×${image.height}`;
      return { path, size, faces, below: all.length - faces.length, errors };
    } catch (error) {
      return failure(path, (error as Error).message);
    }
  };
}

/** Saves each face rotated upright, 112×112: `chip.png`, or `chip-1.png`, `chip-2.png` … when numbered. */
async function writeChips(
  image: RgbImage,
  faces: readonly Face[],
  path: string,
  numbered: boolean,
): Promise<void> {
  const sharp = await loadSharp();
  const { dir, name, ext } = parse(path);
  for (const [i, face] of faces.entries()) {
    const to = numbered ? format({ dir, name: `${name}-${i + 1}`, ext }) : path;
    const chip = alignFace(image, face.points);
    await writeWhole(to, await toSharp(sharp, chip).toFormat(formatOf(to)!).toBuffer());
  }
}

interface Reading {
  readonly faces: Face[];
  readonly errors: string[];
}

/** Loads what reads images without boxes, once for all of them. */
async function openDetector(
  landmarker: Landmarker,
  options: JobOptions,
): Promise<(image: RgbImage) => Reading | Promise<Reading>> {
  const { detector, maxSide } = options;
  if (detector === "finder") {
    const { createFinder, findFaces } = await import("fivepoint/finder");
    const finder = await createFinder({ maxSide });
    // A higher one is the caller's, who counts what it leaves out: what lies below the default was no face.
    const minScore = Math.min(options.minScore ?? FACE_MIN_SCORE, FACE_MIN_SCORE);
    return (image) => ({ faces: findFaces(image, { finder, landmarker, minScore }), errors: [] });
  }
  if (detector === "face-api") {
    const findBoxes = await loadFaceApiDetector();
    return async (image) => readFaces(landmarker, image, await findBoxes(image), options);
  }
  return (image) => readFaces(landmarker, image, [undefined], options);
}

function readFaces(
  landmarker: Landmarker,
  image: RgbImage,
  boxes: readonly (Box | undefined)[],
  { expand, refine }: JobOptions,
): Reading {
  const faces: Face[] = [];
  const errors: string[] = [];
  for (const box of boxes) {
    try {
      faces.push(landmarker.detect(image, box, { expand, refine }));
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  return { faces, errors };
}
