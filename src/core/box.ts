import { expected } from "./errors.ts";
import type { Box } from "./types.ts";

/** Whether a coordinate or a size may be one of those that other libraries give: relative to the image. */
export const isFraction = (value: number): boolean => Math.abs(value) <= 1;

/**
 * Gives the box that is read, by the rule of the Open Model Zoo's demos: it is enlarged about its centre and clipped to the
 * image, and its corners are truncated to whole pixels.
 * @param box undefined means the whole image, null no box
 * @param expand factor of both sides, above 0
 * @param name what errors call the box
 * @throws TypeError, RangeError when it isn't a box, is given in fractions of the image, or no pixel of the image is left in it
 */
export function resolveBox(
  image: { readonly width: number; readonly height: number },
  box: Box | null | undefined,
  expand = 1,
  name = "box",
): Box {
  if (typeof expand !== "number") throw expected(TypeError, "options.expand", "a number above 0", expand);
  if (!(expand > 0 && expand < Number.POSITIVE_INFINITY)) {
    throw expected(RangeError, "options.expand", "a finite number above 0", expand);
  }
  if (box === undefined) return { x: 0, y: 0, width: image.width, height: image.height };
  if (typeof box !== "object" || box === null) {
    throw expected(TypeError, name, "an object with x, y, width and height", box);
  }
  for (const key of ["x", "y", "width", "height"] as const) {
    if (!Number.isFinite(box[key])) throw expected(RangeError, `${name}.${key}`, "a finite number", box[key]);
  }
  const { x, y, width, height } = box;
  if (!(width > 0 && height > 0)) {
    throw expected(RangeError, name, "a width and a height above 0", `${width} × ${height}`);
  }
  const given = `x ${x}, y ${y}, width ${width}, height ${height}`;
  // Nobody wants to read the first pixel alone, unless it is all that there is.
  if (image.width * image.height > 1 && [x, y, width, height].every(isFraction)) {
    throw new RangeError(
      `Expected pixels, not fractions of the sides (${image.width} × ${image.height}) for ${name}, but received ${given}.`,
    );
  }
  const growX = (width * (expand - 1)) / 2;
  const growY = (height * (expand - 1)) / 2;
  const left = Math.trunc(Math.max(0, x - growX));
  const top = Math.trunc(Math.max(0, y - growY));
  const right = Math.trunc(Math.min(image.width, x + width + growX));
  const bottom = Math.trunc(Math.min(image.height, y + height + growY));
  if (right <= left || bottom <= top) {
    throw new RangeError(
      `Expected a box that covers a pixel of the image (${image.width} × ${image.height}) for ${name}, but received ${given}.`,
    );
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
