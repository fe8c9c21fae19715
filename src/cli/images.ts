/** Images named on the command line: finding, decoding and encoding them. */
import { readdir } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { InvalidArgumentError } from "commander";
import type { ImageLike } from "fivepoint";
import type { Sharp, default as sharpModule } from "sharp";
import { convertPathToPattern, glob, isDynamicPattern } from "tinyglobby";
import { decodePhoto, type RgbImage } from "../formats/photo.ts";
import { isFolder, reasonOf } from "./files.ts";
import { loadSharp } from "./sharp.ts";

/** What an ending is written as. */
const FORMATS = {
  avif: "avif",
  jfif: "jpeg",
  jpe: "jpeg",
  jpeg: "jpeg",
  jpg: "jpeg",
  png: "png",
  webp: "webp",
} as const;
/** Endings of images that are only read, or that sharp may not read: left out of a folder they would be lost silently. */
const OTHER_ENDINGS = ["bmp", "gif", "heic", "heif", "jp2", "jxl", "tif", "tiff"];
/** What a folder is searched for. A file named outright may be anything that sharp decodes. */
const IMAGES = `*.{${[...Object.keys(FORMATS), ...OTHER_ENDINGS].join(",")}}`;

export type Format = (typeof FORMATS)[keyof typeof FORMATS];

/** The format that a file's ending asks for, undefined for one that isn't written. */
export function formatOf(path: string): Format | undefined {
  return FORMATS[extname(path).slice(1).toLowerCase() as keyof typeof FORMATS];
}

/** The endings of images that are written, for messages. */
export const WRITTEN = "a name that ends in .png, .jpg, .webp or .avif";

/** The path that stands for standard input. */
export const STDIN = "-";

/** One image to work on, or an argument that stands for none and why. */
export interface Input {
  readonly path: string;
  readonly error?: string;
}

/**
 * Turns arguments into images: a file stands for itself, `-` for standard input, a folder for all images below it, a glob
 * for what it matches; both sorted by path.
 * @throws InvalidArgumentError when standard input is named twice or is a terminal
 */
export async function findImages(args: readonly string[]): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const arg of args) {
    if (arg === STDIN) {
      if (inputs.some(({ path }) => path === STDIN))
        throw new InvalidArgumentError("- is named twice, but standard input can be read only once.");
      if (process.stdin.isTTY)
        throw new InvalidArgumentError("-: expected an image on standard input, but it is a terminal.");
      inputs.push({ path: arg });
      continue;
    }
    const missing = await stat(arg).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    );
    if (await isFolder(arg)) {
      const found = await search(`${convertPathToPattern(resolve(arg))}/**/${IMAGES}`, resolve(arg));
      inputs.push(...found.map((input) => ({ ...input, path: join(arg, relative(arg, input.path)) })));
      if (found.length === 0) inputs.push({ path: arg, error: "no image in this folder" });
    } else if (missing && isDynamicPattern(arg)) {
      const found = await search(arg.replaceAll("\\", "/"), ".");
      inputs.push(...found);
      if (found.length === 0) inputs.push({ path: arg, error: "no file matches" });
    } else {
      inputs.push(missing ? { path: arg, error: reasonOf(missing) } : { path: arg });
    }
  }
  return inputs;
}

/**
 * Finds the files that match, and folders that can't be read. A folder that is reached by several ways, through links, is
 * read once: by the way without links, if there is one.
 */
async function search(pattern: string, root: string): Promise<Input[]> {
  const unreadable: Input[] = [];
  const found = await glob(pattern, {
    absolute: pattern.startsWith("/"),
    caseSensitiveMatch: false,
    expandDirectories: false,
    fs: { readdir: reportingReaddir((path, error) => unreadable.push({ path, error: reasonOf(error) })) },
  });
  const realRoot = await realpath(root);
  const folders = new Map<string, string>();
  const paths = new Map<string, string>();
  for (const path of found.sort()) {
    const folder = dirname(path);
    if (!folders.has(folder)) folders.set(folder, await realpath(folder));
    const realFolder = folders.get(folder)!;
    const file = join(realFolder, basename(path));
    const unlinked = realFolder === join(realRoot, relative(root, folder));
    if (unlinked || !paths.has(file)) paths.set(file, path);
  }
  return [...unreadable, ...[...paths.values()].sort().map((path) => ({ path }))];
}

/** Node's readdir, which tells of its failures: a glob passes over them. */
function reportingReaddir(report: (path: string, error: Error) => void): typeof readdir {
  const reporting = (path: string, options: { withFileTypes: true }, done: (...result: never[]) => void) =>
    readdir(path, options, (error, entries) => {
      if (error) report(resolve(path), error);
      done(...([error, entries] as never[]));
    });
  return reporting as unknown as typeof readdir;
}

/** @throws Error, without the path, when the file can't be read or isn't an image that sharp decodes */
export async function readImage(path: string): Promise<RgbImage> {
  const sharp = await loadSharp();
  try {
    // Read here, not by sharp, which calls a file without permission an unsupported format.
    return await decodePhoto(sharp, path === STDIN ? await buffer(process.stdin) : await readFile(path));
  } catch (error) {
    throw new Error(reasonOf(error).replace(/^input buffer/i, "the file"), { cause: error });
  }
}

/** An image back in sharp's hands, to be drawn on and encoded. */
export function toSharp(sharp: typeof sharpModule, { data, width, height, format }: ImageLike): Sharp {
  return sharp(data, { raw: { width, height, channels: format === "gray" ? 1 : 3 } });
}
