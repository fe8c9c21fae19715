/** The entry for Vercel's and Next.js's edge runtime: as in Workers, but a compiled module's import says `?module`. */
import weightsBase64 from "../weights/default.safetensors";
import { fromCompiled } from "./core/compiled.ts";
import baseline from "./model.wasm?module";
import relaxed from "./model-relaxed.wasm?module";

export * from "./core/public.ts";
export const { createLandmarker, createLandmarkerSync } = fromCompiled({ baseline, relaxed }, weightsBase64);
