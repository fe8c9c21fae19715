/** sharp, which decodes and encodes images: an optional peer, so it may not be there. */
import type Sharp from "sharp";

let loaded: typeof Sharp | undefined;

/** @throws Error with the install command when sharp can't be loaded */
export async function loadSharp(): Promise<typeof Sharp> {
  if (loaded) return loaded;
  try {
    loaded = (await import("sharp")).default;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const why = missing ? "" : `\n${(error as Error).message}`;
    throw new Error(`Reading images needs the package sharp: npm install sharp${why}`);
  }
  loaded.cache(false); // no image is read twice
  loaded.concurrency(1); // one core per image, several images at once
  return loaded;
}
