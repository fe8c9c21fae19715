/** `fivepoint/finder` for Cloudflare Workers: the modules are imported, since compiling bytes is forbidden there, and a finder can be made at module scope. */
import weightsBase64 from "../weights/finder.safetensors";
import { finderFromCompiled } from "./core/finder/compiled.ts";
import baseline from "./finder.wasm";
import relaxed from "./finder-relaxed.wasm";

export * from "./core/finder/public.ts";
export const { createFinder, createFinderSync } = finderFromCompiled({ baseline, relaxed }, weightsBase64);
