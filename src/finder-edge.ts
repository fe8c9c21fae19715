/** `fivepoint/finder` for Cloudflare Workers and Vercel's and Next.js's edge runtime: as edge.ts, a finder can be made at module scope. */
import weightsBase64 from "../weights/finder.safetensors";
import { finderFromCompiled } from "./core/finder/compiled.ts";
import baseline from "./finder.wasm?module";
import relaxed from "./finder-relaxed.wasm?module";

export * from "./core/finder/public.ts";
export const { createFinder, createFinderSync } = finderFromCompiled({ baseline, relaxed }, weightsBase64);
