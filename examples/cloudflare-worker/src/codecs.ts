/**
 * Files to pixels as they are stored, by codecs compiled to WebAssembly. A codec runs from the file to its pixels in one
 * go, so that no two images meet in it; the pixels that `take` is given lie in the codec's memory and are lost after it.
 */

import turboModule from "@cwasm/jpeg-turbo/jpeg-turbo.wasm";
import pngModule from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm";
import createWebp, { type WebPModule } from "@jsquash/webp/codec/dec/webp_dec.js";
import webpModule from "@jsquash/webp/codec/dec/webp_dec.wasm";
import type { Pixels } from "./orientation.ts";

type Take<T> = (pixels: Pixels) => T;

/** A codec wanted more memory than it may have. */
export class MemoryLimitError extends Error {}

// A codec's memory never shrinks, and what it held when it failed is lost: an instance that has grown beyond this, or
// has failed, is replaced by a new one. Three of them and both networks are to leave room for the next image.
const KEPT_BYTES = 12e6;
const isSmall = (memory: WebAssembly.Memory) => memory.buffer.byteLength <= KEPT_BYTES;

/** libjpeg-turbo's TurboJPEG interface, as far as it is used here (turbojpeg.h). */
interface TurboJpeg {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  tjInitDecompress(): number;
  tjDecompress2(
    handle: number,
    file: number,
    fileBytes: number,
    pixels: number,
    width: number,
    pitch: number,
    height: number,
    format: number,
    flags: number,
  ): number;
  tjDestroy(handle: number): number;
}
const TJPF_RGB = 0;

let turbo: TurboJpeg | undefined;

function startTurbo(): TurboJpeg {
  const fail = () => {
    throw new Error("libjpeg-turbo can't go on");
  };
  const { exports } = new WebAssembly.Instance(turboModule, {
    env: { setjmp: () => 0, longjmp: fail },
    wasi_snapshot_preview1: {
      environ_sizes_get: () => 0,
      environ_get: fail,
      proc_exit: fail,
      fd_close: fail,
      fd_seek: fail,
      fd_write: fail,
    },
  });
  return exports as unknown as TurboJpeg;
}

/** A JPEG at a size that is 1/1, 1/2, 1/4 or 1/8 of its own, rounded up: by an inverse DCT of fewer points. */
export function decodeJpeg<T>(file: Uint8Array, width: number, height: number, take: Take<T>): T {
  const codec = turbo ?? startTurbo();
  turbo = undefined; // until all went well
  const input = codec.malloc(file.length);
  const output = codec.malloc(3 * width * height);
  const handle = codec.tjInitDecompress();
  if (!input || !output || !handle) throw new MemoryLimitError();
  new Uint8Array(codec.memory.buffer).set(file, input);
  // What can't be decoded throws; the result is −1 after a mere warning, too.
  codec.tjDecompress2(handle, input, file.length, output, width, 0, height, TJPF_RGB, 0);
  const data = new Uint8Array(codec.memory.buffer, output, 3 * width * height);
  const taken = take({ data, width, height, format: "rgb" });
  codec.tjDestroy(handle);
  codec.free(output);
  codec.free(input);
  if (isSmall(codec.memory)) turbo = codec;
  return taken;
}

/** Squoosh's PNG codec, from the crate png, as wasm-bindgen exports it. */
interface SquooshPng {
  readonly memory: WebAssembly.Memory;
  decode(file: number, bytes: number): number;
  __wbindgen_malloc(bytes: number, align: number): number;
  __wbindgen_free(pointer: number, bytes: number, align: number): void;
}

let png: SquooshPng | undefined;
let pngResult: [pointer: number, bytes: number, width: number, height: number];

// The package's own script keeps one instance for ever. Of its imports, two are called while decoding.
function startPng(): SquooshPng {
  const wbg: Record<string, (...given: never[]) => unknown> = {};
  for (const { name } of WebAssembly.Module.imports(pngModule)) {
    wbg[name] = name.startsWith("__wbg_newwithownedu8clampedarray")
      ? (...result: typeof pngResult) => {
          pngResult = result;
          return 0;
        }
      : () => {
          throw new Error(`png can't go on: ${name}`);
        };
  }
  return new WebAssembly.Instance(pngModule, { wbg }).exports as unknown as SquooshPng;
}

export function decodePng<T>(file: Uint8Array, take: Take<T>): T {
  const codec = png ?? startPng();
  png = undefined; // until all went well
  const input = codec.__wbindgen_malloc(file.length, 1);
  new Uint8Array(codec.memory.buffer).set(file, input);
  codec.decode(input, file.length); // which frees the file
  const [output, bytes, width, height] = pngResult;
  const data = new Uint8Array(codec.memory.buffer, output, bytes);
  const taken = take({ data, width, height, format: "rgba" });
  codec.__wbindgen_free(output, bytes, 1);
  if (isSmall(codec.memory)) png = codec;
  return taken;
}

interface Webp {
  readonly codec: WebPModule;
  readonly memory: WebAssembly.Memory;
}

let webp: Webp | undefined;
let webpCeiling = 0;
let webpRefused = false;

async function startWebp(): Promise<Webp> {
  let memory!: WebAssembly.Memory;
  const codec = await createWebp({
    noInitialRun: true,
    instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
      const instance = new WebAssembly.Instance(webpModule, imports);
      memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory)!;
      const grow = memory.grow.bind(memory);
      memory.grow = (pages) => {
        // The codec first asks for more than it needs.
        webpRefused = memory.buffer.byteLength + 65536 * pages > webpCeiling;
        if (webpRefused) throw new RangeError("The codec's memory is at its limit.");
        return grow(pages);
      };
      done(instance);
      return instance.exports;
    },
  });
  return { codec, memory };
}

/**
 * @param ceiling the codec's memory doesn't grow beyond so many bytes: a lossless WebP's code tables are as many as its
 *   data says, so that no header tells what decoding will take
 */
export async function decodeWebp(file: Uint8Array, ceiling: number): Promise<Pixels> {
  const used = webp ?? (await startWebp());
  webp = undefined; // until all went well
  webpCeiling = ceiling;
  webpRefused = false;
  const image = used.codec.decode(file as Uint8Array<ArrayBuffer>);
  if (isSmall(used.memory)) webp = used; // it gives back all that it took, also where it finds no image
  if (!image) throw webpRefused ? new MemoryLimitError() : new Error("libwebp can't go on");
  return { data: image.data, width: image.width, height: image.height, format: "rgba" };
}
