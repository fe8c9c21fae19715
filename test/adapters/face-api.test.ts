import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { loadFaceApiDetector } from "../../src/cli/face-api.ts";
import type { ImageLike, PixelFormat } from "../../src/core/types.ts";

describe("the face-api adapter", async () => {
  const findFaces = await loadFaceApiDetector();
  const { data, info } = await sharp("examples/astronaut.jpg")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;

  /** The photo in another format, its rows `gap` bytes apart from each other. */
  function as(format: PixelFormat, gap: number): ImageLike {
    const order = { rgba: [0, 1, 2, -1], rgb: [0, 1, 2], bgr: [2, 1, 0], bgra: [2, 1, 0, -1], gray: [1] }[
      format
    ];
    const stride = width * order.length + gap;
    const out = new Uint8Array(stride * height).fill(99);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        order.forEach((c, i) => {
          out[y * stride + x * order.length + i] = c < 0 ? 255 : data[(y * width + x) * 3 + c]!;
        });
      }
    }
    return { data: out, width, height, format, stride };
  }

  it("finds the astronaut's face", async () => {
    const boxes = await findFaces({ data, width, height, format: "rgb" });
    expect(boxes).toHaveLength(1);
    const { x, y, width: w, height: h } = boxes[0]!;
    expect(x + w / 2).toBeGreaterThan(0.35 * width);
    expect(x + w / 2).toBeLessThan(0.65 * width);
    expect(y).toBeGreaterThan(0);
    expect(y + h).toBeLessThan(0.7 * height);
  }, 60_000);

  it.each<[PixelFormat, number]>([
    ["rgba", 0],
    ["rgba", 5],
    ["rgb", 3],
    ["bgr", 1],
    ["bgra", 7],
  ])(
    "reads the same boxes from %s with %i bytes between the rows",
    async (format, gap) => {
      expect(await findFaces(as(format, gap))).toEqual(
        await findFaces({ data, width, height, format: "rgb" }),
      );
    },
    60_000,
  );

  it("refuses an image that can't be read", async () => {
    await expect(findFaces(null as never)).rejects.toThrow(/image, but received null/);
    await expect(findFaces({ data, width, height: height + 1, format: "rgb" })).rejects.toThrow(RangeError);
    await expect(findFaces({ data, width, height, format: "yuv" as never })).rejects.toThrow(/image\.format/);
  });

  it("reads gray pictures, and finds nothing in a blank one", async () => {
    expect(await findFaces(as("gray", 2))).toHaveLength(1);
    expect(await findFaces({ data: new Uint8Array(64 * 64 * 4), width: 64, height: 64 })).toEqual([]);
  }, 60_000);
});
