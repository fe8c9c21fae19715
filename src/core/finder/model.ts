import type { WeightsFile } from "../container.ts";
import { checkModuleOf, loadTensors } from "../model.ts";
import type { WasmModule } from "../types.ts";
import { FINDER_TENSORS } from "./network.ts";

/** What the module exports: the other side of assembly/finder/index.ts, where each function is explained. */
export interface FinderExports extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  relaxed(): number;
  reserve(maxSide: number): number;
  parameters(): number;
  widen(at: number, count: number): void;
  finite(): number;
  pack(): void;
  row(slot: number): number;
  rowBytes(): number;
  beginCanvas(
    width: number,
    height: number,
    imageWidth: number,
    columnStep: number,
    pixelBytes: number,
    order: number,
  ): void;
  canvasRow(y: number, imageHeight: number, rowStep: number): void;
  canvas(): number;
  forward(): void;
  decode(minScore: number, minLogit: number): number;
  candidates(): number;
}

const FUNCTIONS = [
  "relaxed",
  "reserve",
  "parameters",
  "widen",
  "finite",
  "pack",
  "row",
  "rowBytes",
  "beginCanvas",
  "canvasRow",
  "canvas",
  "forward",
  "decode",
  "candidates",
] as const;

/** @throws TypeError unless it was compiled from `finder.wasm` or `finder-relaxed.wasm` */
export const checkFinderModule = (module: WasmModule): void =>
  checkModuleOf(module, "finder.wasm", FUNCTIONS);

/**
 * Instantiates a module.
 * @throws TypeError as `checkFinderModule`
 */
export function instantiateFinder(module: WasmModule): FinderExports {
  checkFinderModule(module);
  return new WebAssembly.Instance(module).exports as FinderExports;
}

/**
 * Writes all tensors where the module reads them and packs them for its kernels.
 * @throws WeightsError when a value isn't finite
 */
export function loadFinder(model: FinderExports, file: WeightsFile): void {
  loadTensors(model, file, FINDER_TENSORS);
  model.pack();
}
