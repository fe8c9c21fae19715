/**
 * `fivepoint/slim`: without modules and weights inside, for pages that host these themselves (fivepoint/model.wasm,
 * fivepoint/model-relaxed.wasm, fivepoint/weights.safetensors) and cache them apart from their scripts.
 */
import { fileBytes } from "./core/bytes.ts";
import { checkOptions, expected } from "./core/errors.ts";
import { Landmarker } from "./core/landmarker.ts";
import { resolveOptions } from "./core/options.ts";
import type { LandmarkerOptions } from "./core/types.ts";

export * from "./core/public.ts";
export { chooseTier } from "./core/simd.ts";

/** Bytes, or where they are: an address or a response, which is fetched and read. */
export type Source = Uint8Array | ArrayBuffer | string | URL | Response | Promise<Response>;

export interface SlimOptions extends Pick<LandmarkerOptions, "precision"> {
  /** The module of the tier that `chooseTier()` names, compiled or to be compiled while it arrives. */
  readonly module: WebAssembly.Module | Source;
  /** A weights file (safetensors). */
  readonly weights: Source;
}

async function respond(source: Source, name: string): Promise<Response> {
  const response = await (typeof source === "string" || source instanceof URL ? fetch(source) : source);
  if (!(response instanceof Response))
    throw expected(TypeError, name, "bytes, an address or a Response", response);
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status} for ${response.url}.`);
  return response;
}

async function compile(source: SlimOptions["module"]): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const bytes = fileBytes(source);
  if (bytes) return WebAssembly.compile(bytes as BufferSource);
  const response = await respond(source, "options.module");
  // Compiling while it arrives is refused for every other type, a parameter after this one too; many servers send others.
  if (response.headers.get("content-type") === "application/wasm" && "compileStreaming" in WebAssembly)
    return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

async function readBytes(source: Source): Promise<Uint8Array> {
  return fileBytes(source) ?? new Uint8Array(await (await respond(source, "options.weights")).arrayBuffer());
}

/**
 * Makes a landmarker of a module and weights that the caller hosts; both are fetched at the same time.
 * @throws TypeError for a bad option, Error for a failed download, WeightsError for a bad weights file
 */
export async function createLandmarker(options: SlimOptions): Promise<Landmarker> {
  checkOptions(options, ["module", "weights", "precision"]);
  for (const name of ["module", "weights"] as const) {
    if (!options?.[name])
      throw expected(TypeError, `options.${name}`, "bytes, an address or a Response", options?.[name]);
  }
  const { precision } = resolveOptions({ precision: options.precision });
  const [module, weights] = await Promise.all([compile(options.module), readBytes(options.weights)]);
  return new Landmarker(module, weights, { precision });
}
