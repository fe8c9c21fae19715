/** What `readImage` of every runtime takes. */
import { checkOptions, expected } from "./errors.ts";

export interface ReadOptions {
  /**
   * The longest side of the image that comes back, in pixels: a larger one is shrunk to it, none is enlarged. By default it comes
   * as it is. Boxes and points are in pixels of what comes back.
   */
  readonly maxSide?: number | undefined;
}

/** @throws TypeError, RangeError that names the option */
export function resolveReading(options: ReadOptions | undefined): ReadOptions {
  checkOptions(options, ["maxSide"]);
  const { maxSide } = options ?? {};
  if (maxSide !== undefined && !(Number.isSafeInteger(maxSide) && maxSide >= 1))
    throw expected(RangeError, "options.maxSide", "a whole number of at least 1", maxSide);
  return { maxSide };
}

/** The size that an image is shrunk to: its longer side at most `maxSide`, never enlarged. */
export function sizeWithin(
  { width, height }: { readonly width: number; readonly height: number },
  maxSide: number,
): { width: number; height: number } {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(width), height: side(height) };
}
