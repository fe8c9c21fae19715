import { fromBase64 } from "./decode.ts";
import { Landmarker } from "./landmarker.ts";
import { resolveOptions } from "./options.ts";
import type { LandmarkerOptions, SimdTier } from "./types.ts";

/** Makes the constructors for runtimes that hand over compiled modules and forbid compiling bytes. */
export function fromCompiled(modules: Record<SimdTier, WebAssembly.Module>, weightsBase64: string) {
  let weights: Uint8Array | undefined;

  /**
   * Makes a landmarker, by default with the embedded weights and the best module for this engine.
   * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
   */
  function createLandmarkerSync(options?: LandmarkerOptions): Landmarker {
    const settings = resolveOptions(options);
    if (!settings.weights) weights ??= fromBase64(weightsBase64);
    return new Landmarker(settings.module ?? modules[settings.tier], settings.weights ?? weights!, settings);
  }

  /** `createLandmarkerSync` as a promise, for code that runs elsewhere too. */
  const createLandmarker = async (options?: LandmarkerOptions) => createLandmarkerSync(options);

  return { createLandmarker, createLandmarkerSync };
}
