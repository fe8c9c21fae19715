import type { Box, LandmarkerOptions, SimdTier, WasmModule, WeightsInfo } from "../types.ts";

export interface FinderOptions extends Pick<LandmarkerOptions, "simd"> {
  /** Bytes of a weights file (safetensors) of the finder's network; default the embedded weights. */
  readonly weights?: Uint8Array | ArrayBuffer | undefined;
  /** A module compiled by the caller from `fivepoint/finder.wasm` or `fivepoint/finder-relaxed.wasm`. */
  readonly module?: WasmModule | undefined;
  /**
   * The longest side, in pixels, that an image is shrunk to: 32 to 2048, default 320. Memory is reserved for it at creation.
   * Faces below about a thirtieth of it are missed; time grows with its square.
   */
  readonly maxSide?: number | undefined;
}

export interface FindOptions {
  /** Boxes below this score are left out; 0 to 1, default what the weights say (`info.minScore`). */
  readonly minScore?: number | undefined;
  /** The best so many at most; default 100. The network's 600 likeliest places are looked at, and a face has several. */
  readonly maxFaces?: number | undefined;
  /** The longest side that this image is shrunk to; default, and at most, the finder's. */
  readonly maxSide?: number | undefined;
}

/** Where a face is, from chin to hairline: in image pixels, inside the image, at least a pixel wide and high. */
export interface FoundBox extends Box {
  /** 0..1, how sure the network is that this is a face. */
  readonly score: number;
}

export interface FinderInfo {
  readonly simd: SimdTier;
  readonly weights: WeightsInfo;
  /** The default of `minScore`: the `threshold` in the metadata of the weights, 0.5 where there is none. */
  readonly minScore: number;
  readonly maxSide: number;
  /** Size of the module's linear memory; it never grows. */
  readonly memoryBytes: number;
}
