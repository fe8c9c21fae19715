import { expected } from "./errors.ts";
import type { Box, ImageLike, PixelFormat } from "./types.ts";

/** Bytes per pixel and the offsets of blue, green and red. */
const FORMATS: Record<PixelFormat, readonly [bytes: number, blue: number, green: number, red: number]> = {
  rgba: [4, 2, 1, 0],
  rgb: [3, 2, 1, 0],
  bgr: [3, 0, 1, 2],
  bgra: [4, 0, 1, 2],
  gray: [1, 0, 0, 0],
};

/** @throws TypeError, RangeError that names the field, unless the image can be read */
export function checkImage(image: ImageLike): void {
  if (typeof image !== "object" || image === null) {
    throw expected(TypeError, "image", "an object with data, width and height", image);
  }
  const { data, width, height, format = "rgba" } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw expected(TypeError, "image.data", "a Uint8Array or Uint8ClampedArray", data);
  }
  for (const [name, value] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw expected(RangeError, `image.${name}`, "a whole number of at least 1", value);
  }
  if (!Object.hasOwn(FORMATS, format)) {
    throw expected(
      TypeError,
      "image.format",
      Object.keys(FORMATS)
        .map((name) => `"${name}"`)
        .join(", "),
      format,
    );
  }
  const row = width * FORMATS[format][0];
  const { stride = row } = image;
  if (!Number.isSafeInteger(stride) || stride < row) {
    throw expected(
      RangeError,
      "image.stride",
      `a whole number of at least ${row} (a row of ${width} pixels, ${format})`,
      stride,
    );
  }
  const bytes = stride * (height - 1) + row;
  if (data.length < bytes) {
    throw expected(
      RangeError,
      "image.data",
      `at least ${bytes} bytes (${width} × ${height}, ${format})`,
      data,
    );
  }
}

/** Where the two taps of each of 48 outputs lie in a side of `size` pixels, and the weights of 2048 that they have. */
function taps(size: number, clampWeight: boolean) {
  return Array.from({ length: 48 }, (_, i) => {
    const position = Math.fround((i + 0.5) * (size / 48) - 0.5);
    let first = Math.floor(position);
    let fraction = Math.fround(position - first);
    if (clampWeight && (first < 0 || first >= size - 1)) {
      first = Math.min(Math.max(first, 0), size - 1);
      fraction = 0;
    }
    const clamp = (at: number) => Math.min(Math.max(at, 0), size - 1);
    return [
      clamp(first),
      clamp(first + 1),
      Math.round(Math.fround(1 - fraction) * 2048),
      Math.round(fraction * 2048),
    ] as const;
  });
}

/** Stretches a box to 48×48 BGR as OpenCV's INTER_LINEAR does on bytes, into the crop `slot` of the model. */
export function cropInto(
  model: { memory: WebAssembly.Memory; crops(): number },
  image: ImageLike,
  box: Box,
  slot: number,
): void {
  const { data, width, format = "rgba" } = image;
  const [bytes, blue, green, red] = FORMATS[format];
  const stride = image.stride ?? width * bytes;
  const crop = new Uint8Array(model.memory.buffer, model.crops() + slot * 6912, 6912);
  const columns = taps(box.width, true);
  let to = 0;
  for (const [top, bottom, topWeight, bottomWeight] of taps(box.height, false)) {
    for (const [left, right, leftWeight, rightWeight] of columns) {
      const a = (box.y + top) * stride + (box.x + left) * bytes;
      const b = (box.y + top) * stride + (box.x + right) * bytes;
      const c = (box.y + bottom) * stride + (box.x + left) * bytes;
      const d = (box.y + bottom) * stride + (box.x + right) * bytes;
      for (const channel of [blue, green, red]) {
        const upper = data[a + channel]! * leftWeight + data[b + channel]! * rightWeight;
        const lower = data[c + channel]! * leftWeight + data[d + channel]! * rightWeight;
        crop[to++] = (((topWeight * (upper >> 4)) >> 16) + ((bottomWeight * (lower >> 4)) >> 16) + 2) >> 2;
      }
    }
  }
}
