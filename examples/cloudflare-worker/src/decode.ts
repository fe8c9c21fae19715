/** Images as people send them to upright pixels, within a limit of memory. */
import type { ImageLike } from "fivepoint";
import { decodeJpeg, decodePng, decodeWebp, MemoryLimitError } from "./codecs.ts";
import { RequestError } from "./errors.ts";
import { type Header, readHeader } from "./header.ts";
import { type Pixels, upright } from "./orientation.ts";

export interface Decoded {
  /** Upright, at 1/shrink of its size. */
  readonly pixels: ImageLike;
  readonly shrink: number;
  /** The whole size, upright: what boxes and points count in. */
  readonly width: number;
  readonly height: number;
}

const SHRINKS = [1, 2, 4, 8]; // what an inverse DCT of 8, 4, 2 and 1 points gives

async function decodeUpright(header: Header, shrink: number, maxBytes: number): Promise<Pixels> {
  const { type, width, height, orientation, file } = header;
  const take = (pixels: Pixels) => upright(pixels, orientation);
  if (type === "JPEG") return decodeJpeg(file, Math.ceil(width / shrink), Math.ceil(height / shrink), take);
  if (type === "PNG") return decodePng(file, take);
  const pixels = await decodeWebp(file, maxBytes - 4 * width * height);
  return orientation === 1 ? pixels : take(pixels);
}

function tooLarge({ type, width, height, memory }: Header, maxBytes: number): RequestError {
  const limit = `${Math.floor(maxBytes / 1e6)} MB`;
  const scale = Math.sqrt((0.9 * maxBytes) / memory(1));
  const size = `${Math.floor(width * scale)}×${Math.floor(height * scale)}`;
  const advice =
    scale < 1
      ? ` Shrink it to ${size}, save it as a baseline JPEG, which can be decoded at a smaller size, or send a crop of each face.`
      : " Save it again, as a JPEG for example.";
  return new RequestError(
    413,
    "too_many_pixels",
    `The image is ${width}×${height}, and decoding this ${type} takes more than the ${limit} of memory that it may take.${advice}`,
  );
}

/**
 * Decodes a JPEG, PNG or WebP, told by its bytes and not by what the request calls it. A JPEG that is too large for
 * `maxBytes` is decoded at a half, a quarter or an eighth of its size.
 * @param maxBytes of memory that decoding may take, pixels included
 * @throws RequestError 415 for another format, 413 for an image that takes more, 422 for a broken image
 */
export async function decode(bytes: Uint8Array, maxBytes: number): Promise<Decoded> {
  const header = readHeader(bytes);
  const shrinks = header.type === "JPEG" ? SHRINKS : [1];
  const shrink = shrinks.find((shrink) => header.memory(shrink) <= maxBytes);
  if (!shrink) throw tooLarge(header, maxBytes);
  const { type, width, height, orientation } = header;
  try {
    const pixels = await decodeUpright(header, shrink, maxBytes);
    return { pixels, shrink, ...(orientation < 5 ? { width, height } : { width: height, height: width }) };
  } catch (error) {
    if (error instanceof MemoryLimitError) throw tooLarge(header, maxBytes);
    throw new RequestError(422, "broken_image", `The ${type} can't be decoded: it is damaged.`);
  }
}
