import { fileBytes } from "./bytes.ts";
import { checkOptions, expected } from "./errors.ts";
import { checkModule } from "./model.ts";
import { chooseTier } from "./simd.ts";
import type { LandmarkerOptions, Precision, SimdTier, WasmModule } from "./types.ts";

/** What any network is made of: the options that all have, with their defaults. */
export interface ModelSettings {
  /** What the caller gives; otherwise an entry uses what it has embedded. */
  readonly weights: Uint8Array | undefined;
  readonly module: WasmModule | undefined;
  readonly simd: SimdTier | "auto";
  /** The tier to load where no module is given. */
  readonly tier: SimdTier;
}

/** The options of a landmarker with their defaults. */
export interface Settings extends ModelSettings {
  readonly precision: Precision;
}

/**
 * Checks options before anything is decoded, compiled or started.
 * @throws TypeError, RangeError that names the option
 */
export function resolveOptions(options: LandmarkerOptions | undefined): Settings {
  checkOptions(options, ["weights", "precision", "simd", "module"]);
  const { precision = "f32" } = options ?? {};
  if (precision !== "f32" && precision !== "int8")
    throw expected(TypeError, "options.precision", '"f32" or "int8"', precision);
  return { ...resolveModel(options, checkModule), precision };
}

/**
 * @param check refuses another network's module
 * @throws TypeError, RangeError that names the option
 */
export function resolveModel(
  { weights, module, simd = "auto" }: Pick<LandmarkerOptions, "weights" | "module" | "simd"> = {},
  check: (module: WasmModule) => void,
): ModelSettings {
  const bytes = weights === undefined ? undefined : fileBytes(weights);
  if (weights !== undefined && !bytes)
    throw expected(TypeError, "options.weights", "a Uint8Array or an ArrayBuffer", weights);
  if (module !== undefined) check(module);
  return { weights: bytes, module, simd, tier: chooseTier(simd) };
}
