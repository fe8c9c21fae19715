import { asBytes } from "./bytes.ts";
import { expected, quoted } from "./errors.ts";
import type { ModelExports } from "./model.ts";
import type { Box, ImageLike, PixelFormat } from "./types.ts";

type Layout = readonly [bytes: number, blue: number, green: number, red: number];

/** The pixel formats: bytes per pixel, and the offset of each colour in it. */
export const FORMATS: Record<PixelFormat, Layout> = {
  rgba: [4, 2, 1, 0],
  rgb: [3, 2, 1, 0],
  bgr: [3, 0, 1, 2],
  bgra: [4, 0, 1, 2],
  gray: [1, 0, 0, 0],
};

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
  if (typeof image !== "object" || image === null) {
    throw expected(TypeError, "image", "an object with data, width and height", image);
  }
  if (image.data === undefined) {
    // A canvas, an <img>, an ImageBitmap, a file's bytes, a promise …
    const wanted = "pixels ({ data, width, height }), as getImageData of a canvas's context gives them,";
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

/**
 * The pixel of `size` that output `i` of 48 begins at: it lies between this one and the next (as in
 * assembly/image/u8_resize_bilinear_48x48.ts). From −1 to the last.
 */
const tap = (i: number, size: number): number => Math.floor(Math.fround((i + 0.5) * (size / 48) - 0.5));

const clamp = (pixel: number, size: number): number => Math.min(Math.max(pixel, 0), size - 1);

/**
 * Resizes a box of an image to the crop `slot` of the model, 48×48 BGR, as OpenCV's INTER_LINEAR does. Only
 * the rows that this needs, at most 96, pass through the module's memory, two by two.
 * @param box whole pixels, inside the image
 */
export function cropInto(
  model: ModelExports,
  { data, format, stride }: Pixels,
  box: Box,
  slot: number,
): void {
  const [bytes, blue, green, red] = FORMATS[format];
  const memory = new Uint8Array(model.memory.buffer);
  const start = box.y * stride + box.x * bytes;
  const rowBytes = box.width * bytes;
  // Of a row that is longer than its place in memory, the two pixels of each column.
  const allPixels = rowBytes <= model.pixelsBytes();
  const columns = allPixels
    ? []
    : Array.from({ length: 96 }, (_, i) => clamp(tap(i >> 1, box.width) + (i & 1), box.width));
  const copyRow = (row: number, pixels: number) => {
    const from = start + row * stride;
    if (allPixels) {
      memory.set(data.subarray(from, from + rowBytes), pixels);
      return;
    }
    let to = pixels;
    for (const column of columns) {
      for (let i = 0; i < bytes; i++) memory[to++] = data[from + column * bytes + i]!;
    }
  };
  model.columns(box.width, bytes, blue | (green << 8) | (red << 16), allPixels);
  // Even rows have one place, odd rows the other: the two that a row of the crop lies between never meet.
  const places = [model.pixels(0), model.pixels(1)];
  const held = [-1, -1];
  /** Copies a row to its place unless it is there. Returns the place's bit when it did. */
  const bring = (row: number): number => {
    const place = row & 1;
    if (held[place] === row) return 0;
    copyRow(row, places[place]!);
    held[place] = row;
    return 1 << place;
  };
  for (let y = 0; y < 48; y++) {
    const row = tap(y, box.height);
    const upper = clamp(row, box.height);
    const lower = clamp(row + 1, box.height);
    model.cropRow(upper & 1, lower & 1, bring(upper) | bring(lower), y, box.height, slot);
  }
}
