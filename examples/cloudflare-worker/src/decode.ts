/** Images to pixels, by codecs compiled to WebAssembly. */

import jpegModule from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import decodeJpeg, { init as initJpeg } from "@jsquash/jpeg/decode";
import pngModule from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm";
import decodePng, { init as initPng } from "@jsquash/png/decode";
import webpModule from "@jsquash/webp/codec/dec/webp_dec.wasm";
import decodeWebp, { init as initWebp } from "@jsquash/webp/decode";
import type { ImageLike } from "fivepoint";
import { imageSize } from "image-size";
import { RequestError } from "./errors.ts";

// The codecs return an ImageData, which Workers lack.
(globalThis as { ImageData?: unknown }).ImageData ??= class {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
};

interface Codec {
  init(): Promise<unknown>;
  decode(bytes: ArrayBuffer): Promise<ImageLike>;
}

// MozJPEG fills the missing rest of a cut file with gray and only says so on its standard error.
let complaint = "";

const CODECS: Record<string, Codec> = {
  jpg: {
    init: () => initJpeg(jpegModule, { printErr: (text: string) => (complaint = text) }),
    async decode(bytes) {
      complaint = "";
      const image = await decodeJpeg(bytes, { preserveOrientation: true });
      if (complaint.startsWith("Premature end")) throw new Error(complaint);
      return image;
    },
  },
  png: { init: () => initPng(pngModule), decode: (bytes) => decodePng(bytes) },
  webp: { init: () => initWebp(webpModule), decode: (bytes) => decodeWebp(bytes) },
};
const ready = new Map<string, Promise<unknown>>();

/**
 * Decodes a JPEG, PNG or WebP, told by its bytes and not by what the request calls it.
 * @throws RequestError 415 for another format, 413 for more than `maxPixels`, 422 for a broken image
 */
export async function decode(bytes: ArrayBuffer, maxPixels: number): Promise<ImageLike> {
  let header: ReturnType<typeof imageSize>;
  try {
    header = imageSize(new Uint8Array(bytes));
  } catch {
    throw new RequestError(
      415,
      "unsupported_image",
      "The image is none of JPEG, PNG, WebP, or its header is broken.",
    );
  }
  const type = header.type ?? "";
  const codec = CODECS[type];
  if (!codec) {
    throw new RequestError(
      415,
      "unsupported_image",
      `Images of the type ${type} aren't read: send JPEG, PNG or WebP.`,
    );
  }
  const pixels = header.width * header.height;
  if (!(pixels > 0 && pixels <= maxPixels)) {
    const size = `${header.width}×${header.height}`;
    throw new RequestError(
      413,
      "too_many_pixels",
      `The image is ${size}, which is more than ${maxPixels} pixels.`,
    );
  }
  let initialised = ready.get(type);
  if (!initialised) {
    initialised = codec.init();
    ready.set(type, initialised);
  }
  await initialised;
  try {
    return await codec.decode(bytes);
  } catch {
    throw new RequestError(422, "broken_image", "The image can't be decoded: it is cut or damaged.");
  }
}
