import type { ImageLike, PixelFormat } from "../../src/core/types.ts";
import { random } from "./random.ts";

/** What names an image of the fixtures. */
export interface SeededImage {
  kind: string;
  width: number;
  height: number;
  seed: number;
}

/** The image that test/fixtures/images.py makes, BGR. */
export function bgrImage({ kind, width, height, seed }: SeededImage): Uint8Array {
  const next = random(seed);
  if (kind === "noise") return Uint8Array.from({ length: width * height * 3 }, () => 256 * next());
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const c = i % 3;
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    if (kind === "ramp") return Math.floor((x * (seed + c) + y * 2 + c * 40) / 3) % 256;
    return ((Math.floor(x / 5) + Math.floor(y / 7) + c) % 2) * 255;
  });
}

/** Which byte of BGR each byte of a pixel is; −1 is alpha. Gray is the green. */
export const ORDER: Record<PixelFormat, readonly number[]> = {
  rgba: [2, 1, 0, -1],
  rgb: [2, 1, 0],
  bgr: [0, 1, 2],
  bgra: [0, 1, 2, -1],
  gray: [1],
};

/** A BGR image in another format, its rows `gap` bytes apart from each other and its data `offset` bytes into a buffer. */
export function convert(
  bgr: Uint8Array,
  { width, height }: { width: number; height: number },
  format: PixelFormat,
  gap = 0,
  offset = 0,
): ImageLike {
  const order = ORDER[format];
  const stride = width * order.length + gap;
  const data = new Uint8Array(offset + stride * height).fill(77).subarray(offset);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      order.forEach((c, i) => {
        data[y * stride + x * order.length + i] = c < 0 ? 200 : bgr[(y * width + x) * 3 + c]!;
      });
    }
  }
  return { data, width, height, format, stride };
}
