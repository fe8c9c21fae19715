/**
 * Finds the faces of an image. The entry for Node, Deno, Bun, browsers and every bundler: the finder's modules and weights are
 * inside it, apart from those of the landmarks.
 * @module fivepoint/finder
 */
import { embedded } from "./core/embedded.ts";
import { Finder } from "./core/finder/finder.ts";
import { resolveFinderOptions } from "./core/finder/options.ts";
import type { FinderOptions } from "./core/finder/types.ts";

// Large texts last: where they alternate with code in a bundle, gzip makes a kilobyte more of it.

import baselineHex from "../dist/finder.wasm";
import relaxedHex from "../dist/finder-relaxed.wasm";
import weightsBase64 from "../weights/finder.safetensors";

export * from "./core/finder/public.ts";

const { getModule, getModuleSync, getWeights } = embedded(
  { baseline: baselineHex, relaxed: relaxedHex },
  weightsBase64,
);

/**
 * Makes a finder, by default with the embedded weights and the best module for this engine.
 * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file (as a rejected promise)
 */
export async function createFinder(options?: FinderOptions): Promise<Finder> {
  const settings = resolveFinderOptions(options);
  return new Finder(await getModule(settings), getWeights(settings), settings);
}

/**
 * `createFinder` without a promise. Browsers' main threads may refuse to compile synchronously: there use `createFinder`, or
 * give `options.module`.
 * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
 */
export function createFinderSync(options?: FinderOptions): Finder {
  const settings = resolveFinderOptions(options);
  return new Finder(getModuleSync(settings), getWeights(settings), settings);
}
