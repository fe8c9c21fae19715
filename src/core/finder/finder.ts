import { overflow } from "../errors.ts";
import { checkImage, type Pixels } from "../image.ts";
import { checkTier } from "../model.ts";
import { sizeWithin } from "../reading.ts";
import type { ImageLike, WasmModule, WeightsInfo } from "../types.ts";
import { describeWeights } from "../weights-info.ts";
import { type FinderExports, instantiateFinder, loadFinder } from "./model.ts";
import { parseFinderWeights } from "./network.ts";
import { type FinderSettings, type FindSettings, leastScore, resolveFindOptions } from "./options.ts";
import { shrinkInto, shrunkImage } from "./shrink.ts";
import { CANDIDATE, suppress } from "./suppress.ts";
import type { FinderInfo, FindOptions, FoundBox } from "./types.ts";

/** What `find` is asked for, with every default filled in. */
export interface Search extends FindSettings {
  /** The image, or what `shrink` made of it. */
  readonly pixels: Pixels;
  /** The size of the image: boxes are in its pixels. */
  readonly image: { readonly width: number; readonly height: number };
}

/** What a finder is made of: another one of the same parts finds the same. */
export interface FinderParts {
  readonly module: WasmModule;
  readonly weights: Uint8Array;
  readonly maxSide: number;
}

/**
 * Finds the faces of an image. Made by `createFinder` or `createFinderSync`. All methods are synchronous; the memory is
 * reserved at creation and never grows.
 */
export class Finder {
  #model: FinderExports | undefined;
  readonly #weights: () => WeightsInfo;
  readonly #minScore: number;
  readonly #parts: FinderParts;

  /**
   * @param module compiled from `finder.wasm` or `finder-relaxed.wasm`
   * @param weights bytes of a weights file; kept, so they must not change
   * @throws WeightsError, TypeError, RangeError
   */
  constructor(
    module: WasmModule,
    weights: Uint8Array,
    { maxSide, simd = "auto" }: Pick<FinderSettings, "maxSide"> & Partial<FinderSettings>,
  ) {
    const model = instantiateFinder(module);
    checkTier(model, simd);
    const file = parseFinderWeights(weights);
    this.#minScore = leastScore(file);
    if (!model.reserve(maxSide))
      throw new RangeError(`There isn't enough memory for a finder with options.maxSide ${maxSide}.`);
    loadFinder(model, file);
    this.#model = model;
    this.#weights = describeWeights(file, weights);
    this.#parts = { module, weights, maxSide };
  }

  /**
   * Finds faces.
   * @returns boxes in image pixels, inside the image, best first: what `detectAll` of a landmarker takes
   * @throws TypeError, RangeError for an image or options that can't be used; WeightsError when the weights overflow on it
   */
  find(image: ImageLike, options?: FindOptions): FoundBox[] {
    return this.search(this.#request(image, options));
  }

  /**
   * The part of `find` that reads the image: what it returns is all that `search` of any finder of the same parts needs, in a
   * worker too.
   * @internal
   */
  shrink(image: ImageLike, options?: FindOptions): Search {
    const search = this.#request(image, options);
    const model = this.#alive();
    const size = sizeWithin(search.pixels, search.maxSide);
    shrinkInto(model, search.pixels, size);
    return { ...search, pixels: shrunkImage(model, size) };
  }

  /**
   * The rest of `find`. What was shrunk before is taken as it is.
   * @internal
   */
  search({ pixels, image, minScore, maxFaces, maxSide }: Search): FoundBox[] {
    const model = this.#alive();
    const size = sizeWithin(pixels, maxSide);
    shrinkInto(model, pixels, size);
    model.forward();
    // Some slack: the module compares scores, and this only spares it to compute most of them. From 10 on float32 rounds scores
    // by more than the slack, so all that are this high are computed.
    const minLogit = Math.min(Math.log(minScore / (1 - minScore)), 10) - 0.001;
    const count = model.decode(minScore, minLogit);
    if (count < 0) throw overflow();
    const candidates = new Float32Array(model.memory.buffer, model.candidates(), count * CANDIDATE);
    return suppress(candidates)
      .map((candidate) => onImage(candidate, size, image))
      .filter(({ width, height }) => width >= 1 && height >= 1)
      .slice(0, maxFaces);
  }

  /** What runs: SIMD tier, weights and memory. */
  get info(): FinderInfo {
    const model = this.#alive();
    return {
      simd: model.relaxed() ? "relaxed" : "baseline",
      weights: this.#weights(),
      minScore: this.#minScore,
      maxSide: this.#parts.maxSide,
      memoryBytes: model.memory.buffer.byteLength,
    };
  }

  /**
   * What the constructor takes to make another one.
   * @internal
   */
  get parts(): FinderParts {
    this.#alive();
    return this.#parts;
  }

  /** Lets the memory go. Every later call throws. */
  dispose(): void {
    this.#model = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** As a landmarker's. */
  get [Symbol.toStringTag](): string {
    return "Finder";
  }

  #request(image: ImageLike, options: FindOptions | undefined): Search {
    const pixels = checkImage(image);
    const { width, height } = pixels;
    const settings = resolveFindOptions(options, this.#parts.maxSide, this.#minScore);
    return { pixels, image: { width, height }, ...settings };
  }

  #alive(): FinderExports {
    if (!this.#model) throw new Error("This Finder has been disposed: create another one.");
    return this.#model;
  }
}

/** A candidate's box, taken from pixels of the canvas to those of the image and clipped to it. */
function onImage(
  candidate: Float32Array,
  canvas: { readonly width: number; readonly height: number },
  image: { readonly width: number; readonly height: number },
): FoundBox {
  const [score, left, top, right, bottom] = candidate as unknown as [number, number, number, number, number];
  const clip = (at: number, side: "width" | "height") =>
    Math.min(Math.max((at * image[side]) / canvas[side], 0), image[side]);
  const x = clip(left, "width");
  const y = clip(top, "height");
  return { x, y, width: clip(right, "width") - x, height: clip(bottom, "height") - y, score };
}
