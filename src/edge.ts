/**
 * The entry for Cloudflare Workers and Vercel's and Next.js's edge runtime: the modules are imported, since compiling bytes is
 * forbidden there, and a landmarker can be made at module scope. `?module` is what all their bundlers understand: wrangler,
 * Cloudflare's Vite plugin, Nitro and Next.js.
 */
import weightsBase64 from "../weights/default.safetensors";
import { fromCompiled } from "./core/compiled.ts";
import { Landmarker } from "./core/landmarker.ts";
import { resolveOptions } from "./core/options.ts";
import baseline from "./model.wasm?module";
import relaxed from "./model-relaxed.wasm?module";

export * from "./core/public.ts";
export const { create: createLandmarker, createSync: createLandmarkerSync } = fromCompiled(
  { baseline, relaxed },
  weightsBase64,
  resolveOptions,
  Landmarker,
);
