import type { Finder, FinderOptions } from "../../dist/finder.js";
import type { LandmarkerOptions } from "../../dist/index.js";
import type { Report } from "./support.ts";

interface Runner {
  readonly info: { readonly simd: string };
  run(crops: Uint8Array, count?: number): Float32Array;
}

export function probe(
  createLandmarker: (options?: LandmarkerOptions) => Promise<Runner>,
  createFinder?: (options?: FinderOptions) => Promise<Finder>,
): Promise<Report>;

export const CROPS: number;
export function crops(): Uint8Array;
