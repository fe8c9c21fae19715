/**
 * The entry for Node, Deno, Bun, browsers and every bundler: modules and weights are inside it, as text, so nothing
 * has to be fetched, copied or configured. They are decoded when a landmarker is first made, not on import.
 */
import baselineHex from "../dist/model.wasm";
import relaxedHex from "../dist/model-relaxed.wasm";
import weightsBase64 from "../weights/default.safetensors";
import { fromBase64, fromHex } from "./core/decode.ts";
import { Landmarker, weightsBytes } from "./core/landmarker.ts";
import { chooseTier } from "./core/simd.ts";
import type { LandmarkerOptions, SimdTier } from "./core/types.ts";

export * from "./core/public.ts";

const modules: { [tier in SimdTier]?: WebAssembly.Module } = {};
let weights: Uint8Array | undefined;

const moduleBytes = (tier: SimdTier) => fromHex(tier === "relaxed" ? relaxedHex : baselineHex);

function create(module: WebAssembly.Module, options: LandmarkerOptions | undefined): Landmarker {
  const given = weightsBytes(options);
  if (!given) weights ??= fromBase64(weightsBase64);
  return new Landmarker(module, given ?? weights!, options);
}

/**
 * Makes a landmarker, by default with the embedded weights and the best module for this engine.
 * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file (as a rejected promise)
 */
export async function createLandmarker(options?: LandmarkerOptions): Promise<Landmarker> {
  if (options?.module !== undefined) return create(options.module, options);
  const tier = chooseTier(options?.simd);
  modules[tier] ??= await WebAssembly.compile(moduleBytes(tier));
  return create(modules[tier], options);
}

/**
 * `createLandmarker` without a promise. Browsers' main threads may refuse to compile synchronously: there use
 * `createLandmarker`, or give `options.module`.
 * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
 */
export function createLandmarkerSync(options?: LandmarkerOptions): Landmarker {
  if (options?.module !== undefined) return create(options.module, options);
  const tier = chooseTier(options?.simd);
  modules[tier] ??= new WebAssembly.Module(moduleBytes(tier));
  return create(modules[tier], options);
}
