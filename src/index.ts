/**
 * The entry for Node, Deno, Bun, browsers and every bundler: modules and weights are inside it, so nothing has to be
 * fetched, copied or configured.
 * @module fivepoint
 */
import { getModule, getModuleSync, getWeights } from "./bundled.ts";
import { Landmarker } from "./core/landmarker.ts";
import { resolveOptions } from "./core/options.ts";
import type { LandmarkerOptions } from "./core/types.ts";

export * from "./core/public.ts";

/**
 * Makes a landmarker, by default with the embedded weights and the best module for this engine.
 * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file (as a rejected promise)
 */
export async function createLandmarker(options?: LandmarkerOptions): Promise<Landmarker> {
  const settings = resolveOptions(options);
  return new Landmarker(await getModule(settings), getWeights(settings), settings);
}

/**
 * `createLandmarker` without a promise. Browsers' main threads may refuse to compile synchronously: there use
 * `createLandmarker`, or give `options.module`.
 * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
 */
export function createLandmarkerSync(options?: LandmarkerOptions): Landmarker {
  const settings = resolveOptions(options);
  return new Landmarker(getModuleSync(settings), getWeights(settings), settings);
}
