/** What `detect` does with one image: in its own process for a few images, in several for many. */
import { format, parse } from "node:path";
import { alignFace, type Box, type Face, type Landmarker } from "fivepoint";
import type { FaceDetector } from "../../adapters/face-api.ts";
import { annotate } from "../draw.ts";
import { loadFaceApiDetector } from "../face-api.ts";
import { writeWhole } from "../files.ts";
import { formatOf, type RgbImage, readImage, toSharp } from "../images.ts";
import { type ModelOptions, openLandmarker } from "../model.ts";
import { loadSharp } from "../sharp.ts";
import type { Targets } from "./targets.ts";

/** The same for all images. */
export interface JobOptions extends ModelOptions {
  readonly detector?: string | undefined;
  readonly expand: number;
  readonly refine?: true | number | undefined;
  /** Faces with a lower score are left out. */
  readonly minScore?: number | undefined;
}

export interface Job {
  readonly path: string;
  /** Without them the detector finds the faces; without one, the whole image is the face. */
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

export function failure(path: string, error: string): Outcome {
  return { path, faces: [], below: 0, errors: [error] };
}

/**
 * Loads what jobs need.
 * @returns does a job; never rejects
 * @throws Error when the model, sharp or the detector can't be loaded
 */
export async function openJobs(options: JobOptions): Promise<(job: Job) => Promise<Outcome>> {
  const findFaces = options.detector === undefined ? undefined : await loadFaceApiDetector();
  const landmarker = await openLandmarker(options);
  await loadSharp();
  const { minScore = 0 } = options;
  return async ({ path, boxes, targets: { drawing, chip, numbered } }) => {
    try {
      const image = await readImage(path);
      const where = boxes ?? (findFaces ? await found(findFaces, image) : [undefined]);
      const { faces: all, errors } = readFaces(landmarker, image, where, options);
      const faces = all.filter(({ score }) => score >= minScore);
      if (drawing !== undefined) await writeWhole(drawing, await annotate(image, faces, drawing));
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

async function found(findFaces: FaceDetector, image: RgbImage): Promise<Box[]> {
  const boxes = await findFaces(image);
  if (boxes.length === 0) throw new Error("no face found");
  return boxes;
}

function readFaces(
  landmarker: Landmarker,
  image: RgbImage,
  boxes: readonly (Box | undefined)[],
  { expand, refine }: JobOptions,
) {
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
