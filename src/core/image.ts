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
  const wholeRows = model.box(box.width, box.height, bytes, blue | (green << 8) | (red << 16));
  // Of each column, then of each row of the crop: the two of the box that it lies between, and two other numbers.
  const taps = new Int32Array(model.memory.buffer, model.taps(), 2 * 48 * 4);
  /** Copies a row of the box, or the two pixels per column of one that is longer than its room in memory. */
  const copyRow = (row: number) => {
    const from = start + row * stride;
    let to = model.pixels(row);
    if (wholeRows) {
      memory.set(data.subarray(from, from + box.width * bytes), to);
      return;
    }
    for (let x = 0; x < 48; x++) {
      for (const column of [taps[4 * x]!, taps[4 * x + 1]!]) {
        for (let i = 0; i < bytes; i++) memory[to++] = data[from + column * bytes + i]!;
      }
    }
  };
  const copied = [-1, -1]; // the last even row and the last odd one, which lie apart
  for (let y = 0; y < 48; y++) {
    for (const row of [taps[4 * (48 + y)]!, taps[4 * (48 + y) + 1]!]) {
      if (copied[row & 1] === row) continue;
      copyRow(row);
      copied[row & 1] = row;
    }
    model.cropRow(y, slot);
  }
}
