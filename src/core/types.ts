/// <reference lib="esnext.disposable" preserve="true" />

/** A position in image pixels; the origin is the image's top-left corner, y grows downwards. */
export interface Point {
  x: number;
  y: number;
}

/** A rectangle in image pixels: its top-left corner and its size. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Order of the channels of a pixel in memory, one byte each. */
export type PixelFormat = "rgba" | "rgb" | "bgr" | "bgra" | "gray";

/** Pixels to read faces from. An `ImageData` is one. */
export interface ImageLike {
  /** Rows from top to bottom, each `stride` bytes apart. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Columns, a positive integer. */
  readonly width: number;
  /** Rows, a positive integer. */
  readonly height: number;
  /** Default `"rgba"`. Alpha is ignored. */
  readonly format?: PixelFormat | undefined;
  /** Bytes from one row to the next; default `width` × bytes per pixel. */
  readonly stride?: number | undefined;
}

/** The name of each point, in the order of `Face.points`; left and right as seen in the image. */
export const LANDMARK_NAMES = ["leftEye", "rightEye", "nose", "leftMouth", "rightMouth"] as const;

export interface Face {
  /** Five points in image pixels, in the order of `LANDMARK_NAMES`. */
  readonly points: Point[];
  /** The network's ten outputs `x0, y0 … x4, y4`, relative to `box`: in 0..1, a little beyond perhaps where it was rotated. */
  readonly normalized: Float32Array;
  /**
   * The box that was read: after expansion, clipping to the image and truncation to whole pixels. Of a face that was read again
   * (`DetectOptions.refine`): the square, before its rotation, which may lie between pixels and beyond the image.
   */
  readonly box: Box;
  /**
   * 0..1. With weights that have a score head, which the embedded ones do: the probability that the mean error of the points
   * is below 0.1 eye distances. Otherwise how much the points' shape and position in the box look like a face, which is no
   * probability. `LandmarkerInfo.weights.score` says which it is.
   */
  readonly score: number;
}

/**
 * Arithmetic of the network. `"int8"` takes two thirds of the time for a little accuracy (the model card has both), and
 * weights with calibrated ranges, which the embedded ones are.
 */
export type Precision = "f32" | "int8";

/** Instances of a class that the platform has, where the program's types know it: without `dom`, not all do. */
export type Instance<Name extends string> = typeof globalThis extends {
  readonly [name in Name]: { prototype: infer T };
}
  ? T
  : never;

/** A `WebAssembly.Module`; an object to programs whose types don't know WebAssembly. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer T } } }
  ? T & object
  : object;

/** Instruction set of the module: SIMD of WebAssembly 2.0, or with relaxed (fused) operations. */
export type SimdTier = "baseline" | "relaxed";

export interface LandmarkerOptions {
  /** Bytes of a weights file (safetensors, see core/container.ts); default the embedded weights. */
  readonly weights?: Uint8Array | ArrayBuffer | undefined;
  /** Default `"f32"`. */
  readonly precision?: Precision | undefined;
  /** Default `"auto"`: relaxed where the engine takes it, else baseline. */
  readonly simd?: SimdTier | "auto" | undefined;
  /** A module compiled by the caller from `fivepoint/model.wasm` or `fivepoint/model-relaxed.wasm`. */
  readonly module?: WasmModule | undefined;
}

export interface DetectOptions {
  /**
   * Enlarges the box about its centre before clipping; default 1. Face detectors that frame the face tightly
   * want more: the Open Model Zoo's demos use 1.15.
   */
  readonly expand?: number | undefined;
  /**
   * Reads each face again in the best square around the found points, rotated so that the face is upright: `true` once, a
   * number up to 3 until the points settle, at most so often. Every pass takes the time of the first. It mends loose and
   * shifted boxes and rotated faces; in a good box an upright face gains 2 % at most (the model card has a table).
   * Where the weights have a score head, the points are the mean of all answers, weighted by the odds of their scores. Default false.
   */
  readonly refine?: boolean | number | undefined;
}

/** A weights file. */
export interface WeightsInfo {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Hex digest of the file's bytes. */
  readonly sha256: string;
}

export interface LandmarkerInfo {
  readonly precision: Precision;
  readonly simd: SimdTier;
  readonly weights: WeightsInfo & {
    /** What `Face.score` comes from: a score head in the weights, or the shape of the points. */
    readonly score: "learned" | "shape";
  };
  /** Size of the module's linear memory; it never grows. */
  readonly memoryBytes: number;
}
