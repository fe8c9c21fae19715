/** What `detect` does with one picture: on the main thread for a few pictures, on worker threads for many. */
import { format, parse } from "node:path";
import { alignFace, type Box, type Face, type Landmarker } from "fivepoint";
import type { FaceDetector } from "../adapters/face-api.ts";
import { annotate } from "./draw.ts";
import { loadFaceApiDetector } from "./face-api.ts";
import { formatOf, type Picture, readImage, toSharp } from "./images.ts";
import { type ModelOptions, openLandmarker } from "./model.ts";
import { writeWhole } from "./output.ts";
import { loadSharp } from "./sharp.ts";

/** The same for all pictures. */
export interface JobOptions extends ModelOptions {
  readonly detector?: string | undefined;
  readonly expand: number;
  readonly verify?: true | undefined;
}

export interface Job {
  readonly path: string;
  /** Without them the detector finds the faces; without one, the whole picture is the face. */
  readonly boxes: readonly Box[] | undefined;
  /** Where the drawing goes. */
  readonly drawing: string | undefined;
  /** Where the aligned face goes; of several faces, this name with a number. */
  readonly chip: string | undefined;
}

/** What became of a picture: its faces, the boxes that couldn't be read, or why it failed as a whole. */
export interface Outcome {
  readonly path: string;
  readonly size?: string;
  readonly faces: readonly Face[];
  readonly errors: readonly string[];
}

export function failure(path: string, error: string): Outcome {
  return { path, faces: [], errors: [error] };
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
  return async ({ path, boxes, drawing, chip }) => {
    try {
      const picture = await readImage(path);
      const where = boxes ?? (findFaces ? await found(findFaces, picture) : [undefined]);
      const { faces, errors } = readFaces(landmarker, picture, where, options);
      if (drawing !== undefined) await writeWhole(drawing, await annotate(picture, faces, drawing));
      if (chip !== undefined) await writeChips(picture, faces, chip);
      return { path, size: `${picture.width}×${picture.height}`, faces, errors };
    } catch (error) {
      return failure(path, (error as Error).message);
    }
  };
}

/** Saves each face turned upright, 112×112: `chip.png`, or `chip-1.png`, `chip-2.png` … of several. */
async function writeChips(picture: Picture, faces: readonly Face[], path: string): Promise<void> {
  const sharp = await loadSharp();
  const { dir, name, ext } = parse(path);
  for (const [i, face] of faces.entries()) {
    const to = faces.length > 1 ? format({ dir, name: `${name}-${i + 1}`, ext }) : path;
    const chip = alignFace(picture, face.points);
    await writeWhole(to, await toSharp(sharp, chip).toFormat(formatOf(to)!).toBuffer());
  }
}

async function found(findFaces: FaceDetector, picture: Picture): Promise<Box[]> {
  const boxes = await findFaces(picture);
  if (boxes.length === 0) throw new Error("no face found");
  return boxes;
}

function readFaces(
  landmarker: Landmarker,
  picture: Picture,
  boxes: readonly (Box | undefined)[],
  { expand, verify }: JobOptions,
) {
  const faces: Face[] = [];
  const errors: string[] = [];
  for (const box of boxes) {
    try {
      faces.push(landmarker.detect(picture, box, { expand, verify }));
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  return { faces, errors };
}
