import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { WeightsFile } from "./container.ts";
import { expected, WeightsError } from "./errors.ts";
import { cropInto } from "./image.ts";
import { parseWeights } from "./landmarks.ts";
import { CROP_BYTES, instantiate, loadParameters, loadRanges, type ModelExports, OUTPUTS } from "./model.ts";
import type { Settings } from "./options.ts";
import { checkCrops, faceRequest, facesRequest, type Request } from "./request.ts";
import { agreement, plausibility } from "./score.ts";
import type {
  Box,
  DetectOptions,
  Face,
  ImageLike,
  LandmarkerInfo,
  Point,
  Precision,
  WasmModule,
} from "./types.ts";

/**
 * Finds five landmarks in a box of an image. Made by `createLandmarker` or `createLandmarkerSync`. All methods are
 * synchronous; the memory is reserved at creation and never grows.
 */
export class Landmarker {
  #model: ModelExports | undefined;
  readonly #weights: WeightsFile;
  readonly #bytes: Uint8Array;
  readonly #precision: Precision;
  #sha256: string | undefined;

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
    const tier = model.relaxed() ? "relaxed" : "baseline";
    if (simd !== "auto" && simd !== tier) {
      const wanted = `a module of the tier "${simd}" (options.simd)`;
      throw expected(TypeError, "options.module", wanted, `one of "${tier}"`);
    }
    this.#weights = parseWeights(weights);
    loadParameters(model, this.#weights);
    if (precision === "int8") {
      loadRanges(model, this.#weights);
      if (!model.packInt8()) throw overflow();
    } else {
      model.pack();
    }
    this.#model = model;
    this.#bytes = weights;
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
      results.set(this.#forward(part), start * OUTPUTS);
    }
    return results;
  }

  /** Arithmetic, SIMD tier, weights and memory. */
  get info(): LandmarkerInfo {
    const model = this.#alive();
    const { name, version, license } = this.#weights.metadata;
    this.#sha256 ??= bytesToHex(sha256(this.#bytes)); // on demand: it would double the time to the first face
    return {
      precision: this.#precision,
      simd: model.relaxed() ? "relaxed" : "baseline",
      weights: { name, version, license, sha256: this.#sha256 },
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

  #detect({ pixels, boxes, verify }: Request): Face[] {
    const model = this.#alive();
    const faces: Face[] = [];
    for (let start = 0; start < boxes.length; start += model.batch()) {
      const part = boxes.slice(start, start + model.batch());
      part.forEach((box, slot) => {
        cropInto(model, pixels, box, slot);
      });
      const results = this.#forward(part.length);
      const mirrored = verify ? this.#forwardMirrored(part.length) : undefined;
      part.forEach((box, slot) => {
        const normalized = results.slice(slot * OUTPUTS, (slot + 1) * OUTPUTS);
        const score = mirrored
          ? agreement(normalized, mirrored.subarray(slot * OUTPUTS, (slot + 1) * OUTPUTS))
          : plausibility(normalized);
        faces.push(toFace(normalized, box, score));
      });
    }
    return faces;
  }

  /** Runs the network on the first `count` crops and copies the results. */
  #forward(count: number): Float32Array {
    const model = this.#alive();
    if (this.#precision === "int8") model.forwardInt8(count);
    else model.forward(count);
    const results = new Float32Array(model.memory.buffer, model.landmarks(), count * OUTPUTS).slice();
    if (results.includes(Number.NaN)) throw overflow();
    return results;
  }

  /** Mirrors each row of the first `count` crops and runs the network on them. */
  #forwardMirrored(count: number): Float32Array {
    const crops = cropsOf(this.#alive(), count);
    for (let row = 0; row < crops.length; row += 48 * 3) {
      for (let left = row, right = row + 47 * 3; left < right; left += 3, right -= 3) {
        for (let c = 0; c < 3; c++) {
          const byte = crops[left + c]!;
          crops[left + c] = crops[right + c]!;
          crops[right + c] = byte;
        }
      }
    }
    return this.#forward(count);
  }
}

/** Each weight is finite, as `loadParameters` has seen to, but what they make of an image isn't. */
const overflow = () => new WeightsError("These weights are too large: the network overflows.");

/** The memory from which the module reads its first `count` crops. */
function cropsOf(model: ModelExports, count: number): Uint8Array {
  return new Uint8Array(model.memory.buffer, model.crops(), count * CROP_BYTES);
}

/** Makes a face of the network's answer for a box: its points go from 0..1 of the box to pixels of the image. */
export function toFace(normalized: Float32Array, box: Box, score: number): Face {
  const points: Point[] = [];
  for (let i = 0; i < OUTPUTS; i += 2) {
    points.push({ x: box.x + normalized[i]! * box.width, y: box.y + normalized[i + 1]! * box.height });
  }
  return { points, normalized, box, score };
}
