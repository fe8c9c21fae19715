/** Modules and weights inside the package, as text: decoded when they are first asked for, not on import. */
import { fromBase64, fromHex } from "./core/decode.ts";
import type { Settings } from "./core/options.ts";
import type { SimdTier } from "./core/types.ts";

// Large texts last: where they alternate with code in a bundle, gzip makes a kilobyte more of it.

import baselineHex from "../dist/model.wasm";
import relaxedHex from "../dist/model-relaxed.wasm";
import weightsBase64 from "../weights/default.safetensors";

const modules: { [tier in SimdTier]?: WebAssembly.Module } = {};
const compiling: { [tier in SimdTier]?: Promise<WebAssembly.Module> } = {};
let weights: Uint8Array | undefined;

const moduleBytes = (tier: SimdTier) => fromHex(tier === "relaxed" ? relaxedHex : baselineHex);

async function compile(tier: SimdTier): Promise<WebAssembly.Module> {
  try {
    modules[tier] = await WebAssembly.compile(moduleBytes(tier));
    return modules[tier];
  } finally {
    delete compiling[tier]; // after a failure the next call tries again
  }
}

/** The module that the settings hold or ask for. Calls at the same time share one compilation. */
export async function getModule({ module, tier }: Settings): Promise<WebAssembly.Module> {
  const compiled = module ?? modules[tier];
  if (compiled) return compiled;
  compiling[tier] ??= compile(tier);
  return compiling[tier];
}

export function getModuleSync({ module, tier }: Settings): WebAssembly.Module {
  if (module) return module;
  modules[tier] ??= new WebAssembly.Module(moduleBytes(tier));
  return modules[tier];
}

/** The bytes of the weights file that the settings hold, or of the embedded one. */
export function getWeights(settings: Settings): Uint8Array {
  if (settings.weights) return settings.weights;
  weights ??= fromBase64(weightsBase64);
  return weights;
}
