import { asBytes } from "./bytes.ts";
import { expected, quoted } from "./errors.ts";
import type { ImageLike, PixelFormat } from "./types.ts";

type Layout = readonly [bytes: number, blue: number, green: number, red: number];

/** The pixel formats: bytes per pixel, and the offset of each colour in it. */
export const FORMATS: Record<PixelFormat, Layout> = {
  rgba: [4, 2, 1, 0],
  rgb: [3, 2, 1, 0],
  bgr: [3, 0, 1, 2],
  bgra: [4, 0, 1, 2],
  gray: [1, 0, 0, 0],
};

/** The offsets of blue, green and red in a pixel, from the lowest byte: as the kernels take them. */
export function colourOffsets(format: PixelFormat): number {
  const [, blue, green, red] = FORMATS[format];
  return blue | (green << 8) | (red << 16);
}

/** An image that can be read, with every default filled in. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
  readonly stride: number;
}

/** @throws TypeError, RangeError that names the field, unless the image can be read */
export function checkImage(image: ImageLike): Pixels {
  if (image?.data === undefined) {
    // A canvas, an <img>, an ImageBitmap, a path, a file's bytes, a promise …
    const wanted =
      "pixels ({ data, width, height }; readImage of fivepoint/web or fivepoint/node gives them)";
    throw expected(TypeError, "image", wanted, image);
  }
  const { width, height, format = "rgba" } = image;
  const data = asBytes(image.data);
  if (!data) throw expected(TypeError, "image.data", "a Uint8Array or Uint8ClampedArray", image.data);
  for (const side of ["width", "height"] as const) {
    if (!Number.isSafeInteger(image[side]) || image[side] < 1)
      throw expected(RangeError, `image.${side}`, "a whole number of at least 1", image[side]);
  }
  if (!Object.hasOwn(FORMATS, format)) {
    throw expected(TypeError, "image.format", quoted(Object.keys(FORMATS)), format);
  }
  const row = width * FORMATS[format][0];
  const { stride = row } = image;
  if (!Number.isSafeInteger(stride) || stride < row) {
    const wanted = `a whole number of at least ${row} (a row of ${width} pixels, ${format})`;
    throw expected(RangeError, "image.stride", wanted, stride);
  }
  const bytes = stride * (height - 1) + row;
  if (data.length < bytes) {
    const wanted = `at least ${bytes} bytes (${width} × ${height}, ${format})`;
    throw expected(RangeError, "image.data", wanted, image.data);
  }
  return { data, width, height, format, stride };
}
