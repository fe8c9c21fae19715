import { type AlignedFace, type AlignOptions, alignEach, alignFaces, checkFaces } from "./align.ts";
import { cropInto } from "./crop.ts";
import { expected, overflow } from "./errors.ts";
import { checkImage, colourOffsets, FORMATS, type Pixels } from "./image.ts";
import { parseWeights } from "./landmarks.ts";
import {
  CROP_BYTES,
  checkTier,
  instantiate,
  loadParameters,
  loadRanges,
  type ModelExports,
  OUTPUTS,
} from "./model.ts";
import type { Settings } from "./options.ts";
import { type Answer, faceIn, flat, refine, type Square, squareAround, toImage } from "./refine.ts";
import { checkCrops, faceRequest, facesRequest, type Request } from "./request.ts";
import { plausibility } from "./score.ts";
import type {
  Box,
  DetectOptions,
  Face,
  ImageLike,
  LandmarkerInfo,
  Point,
  Precision,
  WasmModule,
  WeightsInfo,
} from "./types.ts";
import { squareInto, wasmEngine } from "./warp-wasm.ts";
import { describeWeights } from "./weights-info.ts";

/**
 * Finds five landmarks in a box of an image. Made by `createLandmarker` or `createLandmarkerSync`. All methods are
 * synchronous; the memory is reserved at creation and never grows.
 */
export class Landmarker {
  #model: ModelExports | undefined;
  readonly #weights: () => WeightsInfo;
  readonly #precision: Precision;
  readonly #isScoreLearned: boolean;

  /**
   * @param module compiled from `model.wasm` or `model-relaxed.wasm`
   * @param weights bytes of a weights file; kept, so they must not change
   * @throws WeightsError, TypeError
   */
  constructor(
    module: WasmModule,
    weights: Uint8Array,
    { precision, simd = "auto" }: Pick<Settings, "precision"> & Partial<Settings>,
  ) {
    const model = instantiate(module);
    checkTier(model, simd);
    const file = parseWeights(weights);
    this.#isScoreLearned = file.tensors.has("score.weight");
    loadParameters(model, file);
    if (precision === "int8") {
      loadRanges(model, file);
      if (!model.packInt8()) throw overflow();
    } else {
      model.pack();
    }
    this.#model = model;
    this.#weights = describeWeights(file, weights);
    this.#precision = precision;
  }

  /**
   * Finds the landmarks of one face.
   * @param box where the face is, in image pixels; default the whole image
   * @throws TypeError, RangeError for an image or a box that can't be read; WeightsError when the weights overflow on it
   */
  detect(image: ImageLike, box?: Box, options?: DetectOptions): Face {
    return this.#detect(faceRequest(image, box, options))[0]!;
  }

  /**
   * Finds the landmarks of every face of one image, in the order of `boxes`; quicker than one by one.
   * @throws TypeError, RangeError as `detect`, before any face is read
   */
  detectAll(image: ImageLike, boxes: readonly Box[], options?: DetectOptions): Face[] {
    return this.#detect(facesRequest(image, boxes, options));
  }

  /**
   * Finds the landmarks of faces that are about where known points are, as a video's faces are about where they were a frame ago.
   * Each is read once, in the best square around its points, rotated so that the face is upright: what `refine` does after the
   * first reading. The square may reach beyond the image, whose edge is repeated there.
   * @param faces as `detect` gives them, or anything else with five `points` in the order of `LANDMARK_NAMES`, in image pixels
   * @returns a face for each, in their order; undefined where the points are all in one place or far outside the image
   * @throws TypeError, RangeError for an image or points that can't be used, before any face is read
   */
  detectAround(
    image: ImageLike,
    faces: readonly { readonly points: readonly Point[] }[],
  ): (Face | undefined)[] {
    const model = this.#alive();
    const pixels = checkImage(image);
    if (!Array.isArray(faces)) throw expected(TypeError, "faces", "an array of faces", faces);
    checkFaces(image, faces, (i) => `faces[${i}]`);
    const found = faces.map((): Face | undefined => undefined);
    for (let start = 0; start < faces.length; start += model.batch()) {
      const part: { readonly square: Square; readonly at: number }[] = [];
      for (const [i, { points }] of faces.slice(start, start + model.batch()).entries()) {
        const square = squareAround(flat(points));
        if (square && squareInto(model, pixels, square, part.length)) part.push({ square, at: start + i });
      }
      for (const [slot, { normalized, score }] of this.#answers(part.length).entries()) {
        const { square, at } = part[slot]!;
        found[at] = faceIn(square, toImage(normalized, square), score);
      }
    }
    return found;
  }

  /**
   * Warps a face so that its points lie on those of a template, as recognition networks want it: `alignFace` in wasm, to the
   * same bytes. Given an array of faces, gives one result per face, in their order.
   * @param face as `detect` gives it, or anything else with five `points` in the order of `LANDMARK_NAMES`, in image pixels
   * @throws TypeError, RangeError for an image, points or options that can't be used, before any face is warped
   */
  align(image: ImageLike, face: Pick<Face, "points">, options?: AlignOptions): AlignedFace;
  align(image: ImageLike, faces: readonly Pick<Face, "points">[], options?: AlignOptions): AlignedFace[];
  align(
    image: ImageLike,
    faces: Pick<Face, "points"> | readonly Pick<Face, "points">[],
    options?: AlignOptions,
  ): AlignedFace | AlignedFace[] {
    return alignEach(image, faces, options, wasmEngine(this.#alive()));
  }

  /**
   * How sharp a face is: the variance of the Laplacian of the grey of its chip, which is
   * `align(image, face, { border: "replicate" })`; OpenCV's `Laplacian(grey, CV_64F).var()` of it. The larger, the less blurred: 0 for a
   * chip of one colour, at most 1,040,400. What is usual depends on the photo's contrast, noise and compression, and on the
   * size of the face: one with less than 35 pixels between its eyes is enlarged to the chip, and reads as blurred. So compare
   * values of faces of like size, as between the frames of one video; docs/POINTS.md has a table.
   * @param face as `detect` gives it, or anything else with five `points` in the order of `LANDMARK_NAMES`, in image pixels
   * @throws TypeError, RangeError for an image or points that can't be used
   */
  blurriness(image: ImageLike, face: Pick<Face, "points">): number {
    const model = this.#alive();
    const options = { border: "replicate" } as const;
    const chip = alignFaces(image, [face], () => "face", options, wasmEngine(model))[0]!;
    new Uint8Array(model.memory.buffer, model.chip()).set(chip.data);
    const { width, height, format } = chip;
    return model.laplacianVariance(width, height, FORMATS[format][0], colourOffsets(format));
  }

  /**
   * Runs the network on ready crops.
   * @param crops `count` crops of 48×48 pixels, BGR, without gaps: `count · 6,912` bytes
   * @returns `count · 10` numbers in 0..1: x0, y0 … x4, y4 of each face relative to its crop
   * @throws TypeError, RangeError when `crops` isn't a byte array of that length
   */
  run(crops: Uint8Array | Uint8ClampedArray, count = 1): Float32Array {
    const model = this.#alive();
    const bytes = checkCrops(crops, count);
    const results = new Float32Array(count * OUTPUTS);
    for (let start = 0; start < count; start += model.batch()) {
      const part = Math.min(model.batch(), count - start);
      cropsOf(model, part).set(bytes.subarray(start * CROP_BYTES, (start + part) * CROP_BYTES));
      results.set(this.#forward(part).landmarks, start * OUTPUTS);
    }
    return results;
  }

  /** Arithmetic, SIMD tier, weights and memory. */
  get info(): LandmarkerInfo {
    const model = this.#alive();
    return {
      precision: this.#precision,
      simd: model.relaxed() ? "relaxed" : "baseline",
      weights: { ...this.#weights(), score: this.#isScoreLearned ? "learned" : "shape" },
      memoryBytes: model.memory.buffer.byteLength,
    };
  }

  /** Releases the memory. Every later call throws. */
  dispose(): void {
    this.#model = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A tag of its own: Vue wraps what has none in a proxy, behind which private fields are out of reach. */
  get [Symbol.toStringTag](): string {
    return "Landmarker";
  }

  #alive(): ModelExports {
    if (!this.#model) throw new Error("This Landmarker has been disposed: create another one.");
    return this.#model;
  }

  #detect({ pixels, boxes, refine: passes }: Request): Face[] {
    const model = this.#alive();
    const faces: Face[] = [];
    for (let start = 0; start < boxes.length; start += model.batch()) {
      const part = boxes.slice(start, start + model.batch());
      part.forEach((box, slot) => {
        cropInto(model, pixels, box, slot);
      });
      const found = this.#answers(part.length).map((answer, slot) => toFace(answer, part[slot]!));
      faces.push(...(passes > 0 ? this.#refine(pixels, found, passes) : found));
    }
    return faces;
  }

  /** Reads a batch of faces again, those that haven't settled together. */
  #refine(pixels: Pixels, faces: readonly Face[], passes: number): Face[] {
    const model = this.#alive();
    const readings = faces.map((face) => refine(face, passes, this.#isScoreLearned));
    const refined = [...faces];
    /** Where the reading of each crop stands among the faces. */
    let open = faces.map((_, i) => i);
    let steps = readings.map((reading) => reading.next());
    while (open.length > 0) {
      const next: number[] = [];
      for (const [i, step] of steps.entries()) {
        if (step.done) refined[open[i]!] = step.value;
        else if (squareInto(model, pixels, step.value, next.length)) next.push(open[i]!);
      }
      open = next;
      steps = this.#answers(open.length).map((answer, slot) => readings[open[slot]!]!.next(answer));
    }
    return refined;
  }

  /** What the network answers for the first `count` crops. */
  #answers(count: number): Answer[] {
    if (count === 0) return [];
    const { landmarks, scores } = this.#forward(count);
    return Array.from(scores, (score, slot) => {
      const normalized = landmarks.slice(slot * OUTPUTS, (slot + 1) * OUTPUTS);
      return { normalized, score: this.#isScoreLearned ? score : plausibility(normalized) };
    });
  }

  /** Runs the network on the first `count` crops, at least one. The results are views of its memory. */
  #forward(count: number): { landmarks: Float32Array; scores: Float32Array } {
    const model = this.#alive();
    if (this.#precision === "int8") model.forwardInt8(count);
    else model.forward(count);
    const landmarks = new Float32Array(model.memory.buffer, model.landmarks(), count * OUTPUTS);
    const scores = new Float32Array(model.memory.buffer, model.scores(), count);
    if (landmarks.includes(Number.NaN) || (this.#isScoreLearned && scores.includes(Number.NaN)))
      throw overflow();
    return { landmarks, scores };
  }
}

/** The memory from which the module reads its first `count` crops. */
function cropsOf(model: ModelExports, count: number): Uint8Array {
  return new Uint8Array(model.memory.buffer, model.crops(), count * CROP_BYTES);
}

/** Makes a face of the network's answer for a box: its points go from 0..1 of the box to pixels of the image. */
export function toFace({ normalized, score }: Answer, box: Box): Face {
  const points: Point[] = [];
  for (let i = 0; i < OUTPUTS; i += 2) {
    points.push({ x: box.x + normalized[i]! * box.width, y: box.y + normalized[i + 1]! * box.height });
  }
  return { points, normalized, box, score };
}
