import { fromBase64 } from "./decode.ts";
import type { ModelSettings } from "./options.ts";
import type { SimdTier, WasmModule } from "./types.ts";

/**
 * Makes a network's constructors for runtimes that hand over compiled modules and forbid compiling bytes.
 * @param resolve checks options and fills in their defaults
 */
export function fromCompiled<Options, Settings extends ModelSettings, Network>(
  modules: Record<SimdTier, WebAssembly.Module>,
  weightsBase64: string,
  resolve: (options: Options | undefined) => Settings,
  Constructor: new (module: WasmModule, weights: Uint8Array, settings: Settings) => Network,
) {
  let weights: Uint8Array | undefined;

  /**
   * Makes one, by default with the embedded weights and the best module for this engine.
   * @throws TypeError, RangeError for a bad option, WeightsError for a bad weights file
   */
  function createSync(options?: Options): Network {
    const settings = resolve(options);
    if (!settings.weights) weights ??= fromBase64(weightsBase64);
    return new Constructor(settings.module ?? modules[settings.tier], settings.weights ?? weights!, settings);
  }

  /** `createSync` as a promise, for code that runs elsewhere too. */
  const create = async (options?: Options) => createSync(options);

  return { create, createSync };
}
