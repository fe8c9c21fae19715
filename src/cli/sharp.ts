/** sharp, which decodes and encodes images: an optional peer, so it may not be there. */
import { pathToFileURL } from "node:url";
import type Sharp from "sharp";
import { withoutSharp } from "../formats/photo.ts";
import { findPackage } from "./packages.ts";

let loaded: typeof Sharp | undefined;

/** @throws Error with the install command when sharp can't be loaded */
export async function loadSharp(): Promise<typeof Sharp> {
  if (loaded) return loaded;
  const path = findPackage("sharp");
  if (!path) throw withoutSharp();
  try {
    loaded = (await import(pathToFileURL(path).href)).default as typeof Sharp;
  } catch (error) {
    throw withoutSharp(error);
  }
  loaded.cache(false); // no image is read twice
  loaded.concurrency(1); // one core per image, several images at once
  return loaded;
}
