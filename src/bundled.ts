/** Modules and weights inside the package, as text: decoded when they are first asked for, not on import. */

import { fromBase64, fromHex } from "./core/decode.ts";
import { weightsBytes } from "./core/landmarker.ts";
import { chooseTier } from "./core/simd.ts";
import type { LandmarkerOptions, SimdTier } from "./core/types.ts";

// Large texts last: where they alternate with code in a bundle, gzip makes a kilobyte more of it.

import baselineHex from "../dist/model.wasm";
import relaxedHex from "../dist/model-relaxed.wasm";
import weightsBase64 from "../weights/default.safetensors";

const modules: { [tier in SimdTier]?: WebAssembly.Module } = {};
let weights: Uint8Array | undefined;

const moduleBytes = (tier: SimdTier) => fromHex(tier === "relaxed" ? relaxedHex : baselineHex);

/** The module that the options give or ask for. @throws TypeError, RangeError for a bad `options.simd` */
export async function getModule(options: LandmarkerOptions | undefined): Promise<WebAssembly.Module> {
  if (options?.module !== undefined) return options.module;
  const tier = chooseTier(options?.simd);
  modules[tier] ??= await WebAssembly.compile(moduleBytes(tier));
  return modules[tier];
}

export function getModuleSync(options: LandmarkerOptions | undefined): WebAssembly.Module {
  if (options?.module !== undefined) return options.module;
  const tier = chooseTier(options?.simd);
  modules[tier] ??= new WebAssembly.Module(moduleBytes(tier));
  return modules[tier];
}

/** The bytes of the weights file that the options give, or of the embedded one. @throws TypeError for a bad `options.weights` */
export function getWeights(options: LandmarkerOptions | undefined): Uint8Array {
  const given = weightsBytes(options);
  if (given) return given;
  weights ??= fromBase64(weightsBase64);
  return weights;
}
