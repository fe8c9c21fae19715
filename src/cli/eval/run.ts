/** Labelled faces through networks under conditions: what `fivepoint eval` measures. */
import { availableParallelism } from "node:os";
import type { Box, Face, Landmarker } from "fivepoint";
import { pMapIterable } from "p-map";
import type { RgbImage } from "../../formats/photo.ts";
import { readImage } from "../images.ts";
import { applyCondition, type Condition, type Trial } from "./conditions.ts";
import type { Sample } from "./contact-sheet.ts";
import type { LabelledFace } from "./dataset.ts";
import { faceError, type Offsets, offsets, relativePoints } from "./metrics.ts";

/** A network of one weights file in one arithmetic. */
export interface Network {
  readonly name: string;
  readonly landmarker: Landmarker;
}

/** What one network answers under one condition, face by face. */
export interface Run {
  readonly network: Network;
  readonly condition: Condition;
  readonly faces: LabelledFace[];
  readonly answers: Answer[];
}

export interface Answer {
  /** The box that was read. */
  readonly box: Box;
  readonly normalized: Float32Array;
  readonly offsets: Offsets;
}

/** A face after it went through all runs: why it failed one, if it did. It is then left out of all. */
export interface Measured {
  readonly face: LabelledFace;
  readonly error?: string;
}

/** Puts faces through runs, which collect them with the answers, in the order of their images. */
export async function* measureFaces(
  faces: readonly LabelledFace[],
  runs: readonly Run[],
): AsyncGenerator<Measured> {
  const measure = (group: readonly LabelledFace[]) => measureImage(group, runs);
  const options = { concurrency: availableParallelism() };
  for await (const measured of pMapIterable(byImage(faces), measure, options)) {
    for (const { face, result } of measured) {
      if (result instanceof Error) {
        yield { face, error: result.message };
        continue;
      }
      for (const [i, run] of runs.entries()) {
        run.faces.push(face);
        run.answers.push(result[i]!);
      }
      yield { face };
    }
  }
}

function byImage(faces: readonly LabelledFace[]): Iterable<LabelledFace[]> {
  const groups = new Map<string, LabelledFace[]>();
  for (const face of faces) {
    const group = groups.get(face.path);
    if (group) group.push(face);
    else groups.set(face.path, [face]);
  }
  return groups.values();
}

/** The faces of one image with an answer per run, or why there is none. */
async function measureImage(faces: readonly LabelledFace[], runs: readonly Run[]) {
  const image = await readImage(faces[0]!.path).catch((error: Error) => error);
  return faces.map((face) => ({
    face,
    result: image instanceof Error ? image : measureFace(image, face, runs),
  }));
}

function measureFace(image: RgbImage, face: LabelledFace, runs: readonly Run[]): Answer[] | Error {
  try {
    return runs.map(({ network, condition }) =>
      ask(network, condition, applyCondition(image, face, condition)),
    );
  } catch (error) {
    return error as Error;
  }
}

function ask(network: Network, condition: Condition, trial: Trial): Answer {
  const { normalized, box } = read(network, condition, trial);
  return { box, normalized, offsets: offsets(normalized, relativePoints(trial.points, box)) };
}

function read({ landmarker }: Network, { boxScale: expand, refine }: Condition, { image, box }: Trial): Face {
  return landmarker.detect(image, box, { expand, refine });
}

/** A face with its error. */
export interface Ranked {
  readonly face: LabelledFace;
  readonly error: number;
}

/** The worst faces of a run, worst first. */
export function worstFaces({ faces, answers }: Run, count: number): Ranked[] {
  return faces
    .map((face, i) => ({ face, error: faceError(answers[i]!.offsets) }))
    .sort((a, b) => b.error - a.error)
    .slice(0, count);
}

/** Reads faces again, to draw them. */
export async function readSamples({ network, condition }: Run, ranked: readonly Ranked[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const { face, error } of ranked) {
    const trial = applyCondition(await readImage(face.path), face, condition);
    const { box, points: predicted } = read(network, condition, trial);
    samples.push({ image: trial.image, box, truth: trial.points, predicted, error });
  }
  return samples;
}
