/** A network inside the package, as text: decoded when it is first asked for, not on import. */
import { fromBase64, fromHex } from "./decode.ts";
import type { ModelSettings } from "./options.ts";
import type { SimdTier } from "./types.ts";

/** @param moduleHex its modules as hexadecimal digits */
export function embedded(moduleHex: Readonly<Record<SimdTier, string>>, weightsBase64: string) {
  const modules: { [tier in SimdTier]?: WebAssembly.Module } = {};
  const compiling: { [tier in SimdTier]?: Promise<WebAssembly.Module> } = {};
  let weights: Uint8Array | undefined;

  async function compile(tier: SimdTier): Promise<WebAssembly.Module> {
    try {
      modules[tier] = await WebAssembly.compile(fromHex(moduleHex[tier]));
      return modules[tier];
    } finally {
      delete compiling[tier]; // after a failure the next call tries again
    }
  }

  return {
    /** The module that the settings hold or ask for. Calls at the same time share one compilation. */
    async getModule({ module, tier }: ModelSettings): Promise<WebAssembly.Module> {
      const compiled = module ?? modules[tier];
      if (compiled) return compiled;
      compiling[tier] ??= compile(tier);
      return compiling[tier];
    },

    getModuleSync({ module, tier }: ModelSettings): WebAssembly.Module {
      if (module) return module;
      modules[tier] ??= new WebAssembly.Module(fromHex(moduleHex[tier]));
      return modules[tier];
    },

    /** The bytes of the weights file that the settings hold, or of the embedded one. */
    getWeights(settings: ModelSettings): Uint8Array {
      if (settings.weights) return settings.weights;
      weights ??= fromBase64(weightsBase64);
      return weights;
    },
  };
}
