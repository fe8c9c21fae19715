/**
 * The entry for Cloudflare Workers: the modules are imported, since compiling bytes is forbidden there, and a landmarker
 * can be made at module scope.
 */
import weightsBase64 from "../weights/default.safetensors";
import { fromCompiled } from "./core/compiled.ts";
import baseline from "./model.wasm";
import relaxed from "./model-relaxed.wasm";

export * from "./core/public.ts";
export const { createLandmarker, createLandmarkerSync } = fromCompiled({ baseline, relaxed }, weightsBase64);
