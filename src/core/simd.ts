import { expected } from "./errors.ts";
import type { LandmarkerOptions, SimdTier } from "./types.ts";

// A module of one function that uses one instruction, by hand: () → drop(op(splat(0), …)).
const probe = (...code: number[]) =>
  new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
    ...[1, 4, 1, 0x60, 0, 0], // type section: () → ()
    ...[3, 2, 1, 0], // function section
    ...[10, code.length + 5, 1, code.length + 3, 0, ...code, 0x1a, 0x0b], // code section: code, drop, end
  ]);
const SPLAT_ZERO = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat
const SIMD = probe(...SPLAT_ZERO);
const RELAXED_MADD = probe(...SPLAT_ZERO, ...SPLAT_ZERO, ...SPLAT_ZERO, 0xfd, 0x85, 0x02); // f32x4.relaxed_madd

/**
 * The tier to load for the option `simd` on this engine.
 * @throws RangeError when the engine lacks the tier that was asked for, or WebAssembly SIMD altogether.
 */
export function chooseTier(simd: LandmarkerOptions["simd"] = "auto"): SimdTier {
  if (simd !== "auto" && simd !== "baseline" && simd !== "relaxed") {
    throw expected(TypeError, "options.simd", '"auto", "baseline" or "relaxed"', simd);
  }
  if (typeof WebAssembly === "undefined") {
    throw new RangeError("There is no WebAssembly here: node --jitless and iOS's Lockdown Mode turn it off.");
  }
  if (!WebAssembly.validate(SIMD)) throw new RangeError("This engine doesn't support WebAssembly SIMD.");
  if (simd === "baseline") return "baseline";
  const relaxed = WebAssembly.validate(RELAXED_MADD);
  if (simd === "relaxed" && !relaxed) {
    throw new RangeError('This engine doesn\'t support relaxed SIMD: use options.simd "auto" or "baseline".');
  }
  return relaxed ? "relaxed" : "baseline";
}
