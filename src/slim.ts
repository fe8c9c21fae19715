/**
 * The library without modules and weights inside, for pages that host these themselves (fivepoint/model.wasm,
 * fivepoint/model-relaxed.wasm, fivepoint/weights.safetensors) and cache them apart from their scripts.
 * @module fivepoint/slim
 */
import { fileBytes, tagOf } from "./core/bytes.ts";
import { checkOptions, expected, WeightsError } from "./core/errors.ts";
import { Landmarker } from "./core/landmarker.ts";
import { resolveOptions } from "./core/options.ts";
import { checkResponse, fetchFailure } from "./core/response.ts";
import type { Instance, LandmarkerOptions, WasmModule } from "./core/types.ts";

export * from "./core/public.ts";
export { chooseTier } from "./core/simd.ts";

/** Bytes, or where they are: an address or a response, which is fetched and read. */
export type Source =
  | Uint8Array
  | ArrayBuffer
  | string
  | Instance<"URL">
  | Instance<"Response">
  | Promise<Instance<"Response">>;

export interface SlimOptions extends Pick<LandmarkerOptions, "precision"> {
  /** The module of the tier that `chooseTier()` names, compiled or to be compiled while it arrives. */
  readonly module: WasmModule | Source;
  /** A weights file (safetensors). */
  readonly weights: Source;
}

// Modules, addresses and responses are told by their tags: those of another realm, or of a library, are no instances of ours.
const isResponse = (value: unknown): value is Response => tagOf(value) === "Response";

/** The bytes where they were given, else the response that brings them. */
async function open(source: Source, name: string): Promise<Uint8Array | Response> {
  const bytes = fileBytes(source);
  if (bytes) return bytes;
  const address = typeof source === "string" || tagOf(source) === "URL" ? String(source) : undefined;
  let response: unknown;
  try {
    response = await (address === undefined ? source : fetch(address));
  } catch (error) {
    const advice = address?.startsWith("file:") ? " Give the file's bytes, as readFile reads them." : "";
    throw new Error(`${name}: ${address ?? "it"} can't be fetched: ${fetchFailure(error)}.${advice}`, {
      cause: error,
    });
  }
  if (!isResponse(response)) throw expected(TypeError, name, "bytes, an address or a Response", response);
  checkResponse(name, response);
  return response;
}

const read = async (file: Uint8Array | Response) =>
  isResponse(file) ? new Uint8Array(await file.arrayBuffer()) : file;

/** What errors say of where a file is from: a server may give a page in its place, or break off. */
const origin = (file: Uint8Array | Response) =>
  isResponse(file) ? ` (${file.headers.get("content-type")} from ${file.url || "a Response"})` : "";

async function compile(source: SlimOptions["module"]): Promise<WebAssembly.Module> {
  if (tagOf(source) === "WebAssembly.Module") return source as WebAssembly.Module;
  const file = await open(source as Source, "options.module");
  try {
    // Compiling while it arrives is for the engine's own responses, and refused for every other type, a parameter after
    // this one too; many servers send others.
    const isOwn = globalThis.Response !== undefined && file instanceof Response;
    if (
      isOwn &&
      file.headers.get("content-type") === "application/wasm" &&
      "compileStreaming" in WebAssembly
    ) {
      return await WebAssembly.compileStreaming(file);
    }
    return await WebAssembly.compile((await read(file)) as BufferSource);
  } catch (cause) {
    const { message } = cause as Error;
    throw new TypeError(`options.module${origin(file)} can't be compiled: ${message}`, { cause });
  }
}

async function readWeights(source: Source): Promise<{ bytes: Uint8Array; from: string }> {
  const file = await open(source, "options.weights");
  const from = origin(file);
  try {
    return { bytes: await read(file), from };
  } catch (cause) {
    throw new Error(`options.weights${from} can't be read: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Makes a landmarker of a module and weights that the caller hosts; both are fetched at the same time.
 * @throws TypeError for a bad option or a module that can't be compiled, Error for a failed download, WeightsError for a
 *   bad weights file, RangeError where there is no WebAssembly SIMD
 */
export async function createLandmarker(options: SlimOptions): Promise<Landmarker> {
  checkOptions(options, ["module", "weights", "precision"]);
  for (const name of ["module", "weights"] as const) {
    if (!options?.[name])
      throw expected(TypeError, `options.${name}`, "bytes, an address or a Response", options?.[name]);
  }
  const { precision } = resolveOptions({ precision: options.precision });
  const [module, { bytes, from }] = await Promise.all([
    compile(options.module),
    readWeights(options.weights),
  ]);
  try {
    return new Landmarker(module, bytes, { precision });
  } catch (error) {
    if (from === "" || !(error instanceof WeightsError)) throw error;
    throw new WeightsError(`${error.message}${from}`, { cause: error });
  }
}
