/** Checks what callers ask for, alike for a landmarker and for a pool of workers. */
import { resolveBox } from "./box.ts";
import { asBytes } from "./bytes.ts";
import { checkOptions, expected } from "./errors.ts";
import { checkImage, type Pixels } from "./image.ts";
import { CROP_BYTES } from "./model.ts";
import type { Box, DetectOptions, ImageLike } from "./types.ts";

export interface Request {
  readonly pixels: Pixels;
  /** The boxes to read: whole pixels, inside the image. */
  readonly boxes: readonly Box[];
  /** How often a face is read again at most. */
  readonly refine: number;
}

/** What `refine: true` stands for, and the most that may be asked for. */
const ONCE = 1;
const MOST_PASSES = 3;

/** A request for one face. @throws TypeError, RangeError */
export function faceRequest(
  image: ImageLike,
  box: Box | undefined,
  options: DetectOptions | undefined,
): Request {
  return request(image, options, (pixels, expand) => [resolveBox(pixels, box, expand)]);
}

/** A request for every face of an image. @throws TypeError, RangeError */
export function facesRequest(
  image: ImageLike,
  boxes: readonly Box[],
  options: DetectOptions | undefined,
): Request {
  if (!Array.isArray(boxes)) throw expected(TypeError, "boxes", "an array of boxes", boxes);
  return request(image, options, (pixels, expand) =>
    // By index, so that a hole is seen too; in a list, undefined isn't the whole image.
    Array.from(boxes, (box, i) => resolveBox(pixels, box ?? null, expand, `boxes[${i}]`)),
  );
}

function request(
  image: ImageLike,
  options: DetectOptions | undefined,
  resolve: (pixels: Pixels, expand: number | undefined) => Box[],
): Request {
  const pixels = checkImage(image);
  checkOptions(options, ["expand", "refine"]);
  const { expand, refine = false } = options ?? {};
  return { pixels, boxes: resolve(pixels, expand), refine: passes(refine) };
}

function passes(refine: boolean | number): number {
  if (typeof refine === "boolean") return refine ? ONCE : 0;
  const wanted = `a boolean or a whole number of 0 to ${MOST_PASSES}`;
  if (typeof refine !== "number") throw expected(TypeError, "options.refine", wanted, refine);
  if (!(Number.isInteger(refine) && refine >= 0 && refine <= MOST_PASSES))
    throw expected(RangeError, "options.refine", wanted, refine);
  return refine;
}

/** Gives ready crops as plain bytes. @throws TypeError, RangeError unless there are `count` */
export function checkCrops(crops: Uint8Array | Uint8ClampedArray, count: number): Uint8Array {
  if (!Number.isSafeInteger(count) || count < 0)
    throw expected(RangeError, "count", "a whole number of at least 0", count);
  const bytes = asBytes(crops);
  if (!bytes) throw expected(TypeError, "crops", "a Uint8Array or Uint8ClampedArray", crops);
  if (bytes.length !== count * CROP_BYTES)
    throw expected(RangeError, "crops", `${count} × ${CROP_BYTES} bytes (48×48 BGR)`, crops);
  return bytes;
}
