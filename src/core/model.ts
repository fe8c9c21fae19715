import { checkFinite, type WeightsFile } from "./container.ts";
import { expected } from "./errors.ts";
import { ALL_TENSORS } from "./landmarks.ts";
import { elements, type TensorSpec } from "./network.ts";
import { readRanges } from "./ranges.ts";
import type { SimdTier } from "./types.ts";

/** Pixels per side of a crop. */
export const CROP_SIDE = 48;
/** Bytes of one crop, BGR. */
export const CROP_BYTES = CROP_SIDE * CROP_SIDE * 3;
/** Outputs per face: x0, y0 … x4, y4. */
export const OUTPUTS = 10;

/** What the module exports: the other side of assembly/landmarks/index.ts, where each function is explained. */
export interface ModelExports extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  relaxed(): number;
  batch(): number;
  parameters(): number;
  widen(at: number, count: number): void;
  finite(): number;
  pack(): void;
  crops(): number;
  box(width: number, height: number, pixelBytes: number, order: number): number;
  taps(): number;
  pixels(row: number): number;
  cropRow(y: number, slot: number): void;
  warp(): number;
  warpColumns(): void;
  warpRows(first: number, rows: number, output: number): void;
  warpPlaces(first: number, rows: number): number;
  warpPairs(first: number, rows: number, output: number): void;
  window(): number;
  windowBytes(): number;
  chip(): number;
  chipBytes(): number;
  shrink(factor: number, columns: number, pixelBytes: number): void;
  laplacianVariance(columns: number, rows: number, pixelBytes: number, order: number): number;
  forward(count: number): void;
  ranges(): number;
  packInt8(): number;
  forwardInt8(count: number): void;
  activations(stage: number): number;
  landmarks(): number;
  scores(): number;
}

const FUNCTIONS = [
  "relaxed",
  "batch",
  "parameters",
  "widen",
  "finite",
  "pack",
  "crops",
  "box",
  "taps",
  "pixels",
  "cropRow",
  "warp",
  "warpColumns",
  "warpRows",
  "warpPlaces",
  "warpPairs",
  "window",
  "windowBytes",
  "chip",
  "chipBytes",
  "shrink",
  "laplacianVariance",
  "forward",
  "ranges",
  "packInt8",
  "forwardInt8",
  "activations",
  "landmarks",
  "scores",
] as const;

/** @throws TypeError unless it was compiled from `model.wasm` or `model-relaxed.wasm` */
export const checkModule = (module: WebAssembly.Module): void =>
  checkModuleOf(module, "model.wasm", FUNCTIONS);

/**
 * Instantiates a module.
 * @throws TypeError as `checkModule`
 */
export function instantiate(module: WebAssembly.Module): ModelExports {
  checkModule(module);
  return new WebAssembly.Instance(module).exports as ModelExports;
}

/** @throws TypeError unless the module is of the tier that is asked for */
export function checkTier(model: { relaxed(): number }, simd: SimdTier | "auto"): void {
  const tier = model.relaxed() ? "relaxed" : "baseline";
  if (simd !== "auto" && simd !== tier)
    throw expected(
      TypeError,
      "options.module",
      `a module of the tier "${simd}" (options.simd)`,
      `one of "${tier}"`,
    );
}

/**
 * @param file what it should be compiled from
 * @param functions what it must export beside its memory
 * @throws TypeError unless it does
 */
export function checkModuleOf(module: WebAssembly.Module, file: string, functions: readonly string[]): void {
  if (!isModule(module, functions))
    throw expected(TypeError, "options.module", `a module compiled from fivepoint's ${file}`, module);
}

function isModule(module: WebAssembly.Module, functions: readonly string[]): boolean {
  try {
    const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
    const needs = WebAssembly.Module.imports(module).length;
    return needs === 0 && ["memory", ...functions].every((name) => exported.includes(name));
  } catch {
    return false;
  }
}

/** Writes all tensors of the landmark network where the module reads them. */
export const loadParameters = (model: ModelExports, file: WeightsFile): void =>
  loadTensors(model, file, ALL_TENSORS);

/** What a module offers to take tensors. */
type Parameters = Pick<ModelExports, "memory" | "parameters" | "widen" | "finite">;

/**
 * Writes tensors where a module reads them, in their order, as float32. Those that a file may lack are the last.
 * @throws WeightsError when a value isn't finite
 */
export function loadTensors(model: Parameters, file: WeightsFile, tensors: readonly TensorSpec[]): void {
  const memory = new Uint8Array(model.memory.buffer);
  let at = model.parameters();
  for (const { name, shape } of tensors) {
    const tensor = file.tensors.get(name);
    if (!tensor) break;
    const { dtype, data } = tensor;
    const count = elements(shape);
    if (dtype === "F32") {
      memory.set(data, at);
    } else {
      memory.set(data, at + 2 * count);
      model.widen(at, count);
    }
    at += 4 * count;
  }
  if (!model.finite()) checkFinite(file);
}

/**
 * Writes the ranges of the activations where the module reads them.
 * @throws WeightsError when the file has none, or bad ones
 */
export function loadRanges(model: ModelExports, file: WeightsFile): void {
  new Float32Array(model.memory.buffer, model.ranges()).set(readRanges(file).flat());
}
