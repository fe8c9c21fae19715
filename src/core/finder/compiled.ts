import { fromBase64 } from "../decode.ts";
import type { SimdTier } from "../types.ts";
import { Finder } from "./finder.ts";
import { resolveFinderOptions } from "./options.ts";
import type { FinderOptions } from "./types.ts";

/** The constructors for runtimes that hand over compiled modules and forbid compiling bytes. */
export function finderFromCompiled(modules: Record<SimdTier, WebAssembly.Module>, weightsBase64: string) {
  let weights: Uint8Array | undefined;

  /**
   * Makes a finder, by default with the embedded weights and the best module for this engine.
   * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
   */
  function createFinderSync(options?: FinderOptions): Finder {
    const settings = resolveFinderOptions(options);
    if (!settings.weights) weights ??= fromBase64(weightsBase64);
    return new Finder(settings.module ?? modules[settings.tier], settings.weights ?? weights!, settings);
  }

  /** `createFinderSync` as a promise, for code that runs elsewhere too. */
  const createFinder = async (options?: FinderOptions) => createFinderSync(options);

  return { createFinder, createFinderSync };
}
