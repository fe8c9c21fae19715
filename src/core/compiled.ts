import { fromBase64 } from "./decode.ts";
import { Landmarker, weightsBytes } from "./landmarker.ts";
import { chooseTier } from "./simd.ts";
import type { LandmarkerOptions, SimdTier } from "./types.ts";

/** The constructors for runtimes that hand over compiled modules and forbid compiling bytes. */
export function fromCompiled(modules: Record<SimdTier, WebAssembly.Module>, weightsBase64: string) {
  let weights: Uint8Array | undefined;

  /**
   * Makes a landmarker, by default with the embedded weights and the best module for this engine.
   * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
   */
  function createLandmarkerSync(options?: LandmarkerOptions): Landmarker {
    const given = weightsBytes(options);
    if (!given) weights ??= fromBase64(weightsBase64);
    const module = options?.module === undefined ? modules[chooseTier(options?.simd)] : options.module;
    return new Landmarker(module, given ?? weights!, options);
  }

  /** `createLandmarkerSync` as a promise, for code that runs elsewhere too. */
  const createLandmarker = async (options?: LandmarkerOptions) => createLandmarkerSync(options);

  return { createLandmarker, createLandmarkerSync };
}
