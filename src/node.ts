/**
 * Images as programs in Node, Deno and Bun hold them. Decoding is sharp's, an optional peer.
 * @module fivepoint/node
 */
import { readFile } from "node:fs/promises";
import { fileBytes, tagOf } from "./core/bytes.ts";
import { expected } from "./core/errors.ts";
import { type ReadOptions, resolveReading } from "./core/reading.ts";
import { fetchFailure } from "./core/response.ts";
import type { ImageLike, Instance } from "./core/types.ts";
import { decodePhoto, withoutSharp } from "./formats/photo.ts";

export type { ImageLike, ReadOptions };

/** Where an image file is, or its bytes (a `Buffer` is a `Uint8Array`). */
export type ImageFile = string | Instance<"URL"> | Uint8Array | ArrayBuffer;

/**
 * Reads an image for a landmarker or a finder: upright by its EXIF orientation, in sRGB, without alpha.
 *
 * ```js
 * const image = await readImage("photo.jpg", { maxSide: 1280 });
 * ```
 * @param source a file in any format that sharp decodes: its path, its address (`file:`, `http:`, `https:`, `data:` …) or its bytes
 * @throws TypeError, RangeError for an argument that can't be used; the file system's own error for a file that can't be read;
 *   Error for a failed download, for a file that sharp doesn't decode, and where sharp isn't installed (as a rejected promise)
 */
export async function readImage(source: ImageFile, options?: ReadOptions): Promise<ImageLike> {
  const reading = resolveReading(options);
  const file = await open(source);
  const sharp = await loadSharp();
  try {
    return await decodePhoto(sharp, file, reading);
  } catch (cause) {
    throw new Error(`${nameOf(source)} can't be decoded: ${(cause as Error).message}`, { cause });
  }
}

/** What errors call a source; an address that holds the file itself may be long. */
const nameOf = (source: ImageFile) => (fileBytes(source) ? "source" : String(source).slice(0, 200));

async function open(source: ImageFile): Promise<Uint8Array> {
  const bytes = fileBytes(source);
  if (bytes) return bytes;
  if (tagOf(source) === "URL" && (source as URL).protocol !== "file:") return download(source as URL);
  if (typeof source === "string" || tagOf(source) === "URL") return readFile(source as string | URL);
  throw expected(TypeError, "source", "a path, a URL or the bytes of a file", source);
}

async function download(address: URL): Promise<Uint8Array> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new Error(`${nameOf(address)} can't be fetched: ${fetchFailure(error)}`, { cause: error });
  }
}

async function loadSharp() {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    throw withoutSharp(cause);
  }
}
