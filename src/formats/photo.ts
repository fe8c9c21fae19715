/** Image files, decoded by sharp, which the caller loads: it is an optional peer. */
import type Sharp from "sharp";
import type { ReadOptions } from "../core/reading.ts";
import type { ImageLike } from "../core/types.ts";

/** A decoded image: 8 bits per channel, no gaps between rows. */
export type RgbImage = ImageLike & { readonly data: Uint8Array; readonly format: "rgb" };

/** The error where sharp can't be loaded; `cause` says why, where it is there at all. */
export function withoutSharp(cause?: unknown): Error {
  const reason = cause ? `\n${(cause as Error).message}` : "";
  return new Error(`Reading images needs the package sharp: npm install sharp${reason}`, { cause });
}

/**
 * Decodes a file of any format that sharp reads: upright by its EXIF orientation, in sRGB by its colour profile, without alpha; of an
 * animation the first frame.
 * @throws sharp's Error, which calls the file "input buffer"
 */
export async function decodePhoto(
  sharp: typeof Sharp,
  file: Uint8Array,
  { maxSide }: ReadOptions = {},
): Promise<RgbImage> {
  const { data, info } = await sharp(file)
    .rotate()
    .resize({ width: maxSide, height: maxSide, fit: "inside", withoutEnlargement: true })
    .toColourspace("srgb")
    .removeAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, format: "rgb" };
}
