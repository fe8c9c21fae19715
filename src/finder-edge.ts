/** `fivepoint/finder` for Cloudflare Workers and Vercel's and Next.js's edge runtime: as edge.ts, a finder can be made at module scope. */
import weightsBase64 from "../weights/finder.safetensors";
import { fromCompiled } from "./core/compiled.ts";
import { Finder } from "./core/finder/finder.ts";
import { resolveFinderOptions } from "./core/finder/options.ts";
import baseline from "./finder.wasm?module";
import relaxed from "./finder-relaxed.wasm?module";

export * from "./core/finder/public.ts";
export const { create: createFinder, createSync: createFinderSync } = fromCompiled(
  { baseline, relaxed },
  weightsBase64,
  resolveFinderOptions,
  Finder,
);
