/** Images named on the command line: finding and decoding them. */
import { stat } from "node:fs/promises";
import { extname, join, relative, resolve } from "node:path";
import type { ImageLike } from "fivepoint";
import type { Sharp, default as sharpModule } from "sharp";
import { convertPathToPattern, glob, isDynamicPattern } from "tinyglobby";
import { loadSharp } from "./sharp.ts";

/** What a folder is searched for. A file named outright may be anything that sharp decodes. */
const IMAGES = "*.{avif,gif,jpeg,jpg,png,tif,tiff,webp}";

/** One image to work on, or an argument that stands for none and why. */
export interface Input {
  readonly path: string;
  readonly error?: string;
}

/**
 * Turns arguments into images: a file stands for itself, a folder for all images below it, a glob for what it
 * matches; both sorted by path.
 */
export async function findImages(args: readonly string[]): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const arg of args) {
    const stats = await stat(arg).catch(() => undefined);
    if (stats?.isDirectory()) {
      const found = await search(`${convertPathToPattern(resolve(arg))}/**/${IMAGES}`);
      inputs.push(...found.map((path) => ({ path: join(arg, relative(arg, path)) })));
      if (found.length === 0) inputs.push({ path: arg, error: "no image in this folder" });
    } else if (!stats && isDynamicPattern(arg)) {
      const found = await search(arg.replaceAll("\\", "/"));
      inputs.push(...found.map((path) => ({ path })));
      if (found.length === 0) inputs.push({ path: arg, error: "no file matches" });
    } else {
      inputs.push(stats ? { path: arg } : { path: arg, error: "no such file" });
    }
  }
  return inputs;
}

async function search(pattern: string): Promise<string[]> {
  const found = await glob(pattern, {
    absolute: pattern.startsWith("/"),
    caseSensitiveMatch: false,
    expandDirectories: false,
  });
  return found.sort();
}

/** A decoded image: 8 bits per channel, no gaps between rows, upright by its EXIF orientation. */
export type RgbImage = ImageLike & { readonly data: Uint8Array; readonly format: "rgb" };

/** @throws Error when the file isn't an image that sharp decodes */
export async function readImage(path: string): Promise<RgbImage> {
  const sharp = await loadSharp();
  const { data, info } = await sharp(path)
    .rotate()
    .toColourspace("srgb")
    .removeAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, format: "rgb" };
}

/** An image back in sharp's hands, to be drawn on and encoded. */
export function toSharp(sharp: typeof sharpModule, { data, width, height, format }: ImageLike): Sharp {
  return sharp(data, { raw: { width, height, channels: format === "gray" ? 1 : 3 } });
}

/** The format that a file's ending asks for, undefined for one that isn't written. */
export function formatOf(path: string): "avif" | "jpeg" | "png" | "webp" | undefined {
  return FORMATS[extname(path).toLowerCase()];
}

const FORMATS: Record<string, "avif" | "jpeg" | "png" | "webp"> = {
  ".avif": "avif",
  ".jpeg": "jpeg",
  ".jpg": "jpeg",
  ".png": "png",
  ".webp": "webp",
};
