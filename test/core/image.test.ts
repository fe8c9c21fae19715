/** Cropping against the real OpenCV (test/fixtures/make_resize.py), in both tiers. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cropInto } from "../../src/core/crop.ts";
import { checkImage } from "../../src/core/image.ts";
import { instantiate } from "../../src/core/model.ts";
import type { Box, ImageLike, PixelFormat } from "../../src/core/types.ts";
import fixture from "../fixtures/resize.json" with { type: "json" };
import { bgrImage, convert } from "../support/images.ts";
import { random } from "../support/random.ts";

const expected = new Uint8Array(readFileSync("test/fixtures/resize.bin"));

const toBox = ([x, y, width, height]: number[]) => ({ x: x!, y: y!, width: width!, height: height! });

describe.each(["model", "model-relaxed"])("cropping by %s", (name) => {
  const model = instantiate(new WebAssembly.Module(readFileSync(`dist/${name}.wasm`)));
  const crop = (image: ImageLike, box: Box, slot: number): Uint8Array => {
    for (const place of [0, 1]) // of no effect
      new Uint8Array(model.memory.buffer, model.pixels(place), model.pixels(1) - model.pixels(0)).fill(
        slot * 37,
      );
    cropInto(model, checkImage(image), box, slot);
    return new Uint8Array(model.memory.buffer, model.crops() + slot * 6912, 6912).slice();
  };

  it.each(fixture.cases.map((each, i) => ({ ...each, i })))(
    "equals OpenCV: $kind $width×$height, box $box",
    (each) => {
      const bgr = bgrImage(each);
      const want = expected.subarray(each.i * 6912, (each.i + 1) * 6912);
      const formats = [
        ["bgr", 0, 0],
        ["rgba", 0, 0],
        ["rgb", 5, 1],
        ["bgra", 3, 2],
      ] as const;
      formats.forEach(([format, gap, offset], slot) => {
        expect(crop(convert(bgr, each, format, gap, offset), toBox(each.box), slot), format).toEqual(want);
      });
    },
  );

  it("reads gray as three equal channels", () => {
    const [each] = fixture.cases;
    const bgr = bgrImage(each!);
    const gray = bgr.filter((_, i) => i % 3 === 1);
    const want = expected.subarray(0, 6912).map((_, i, all) => all[Math.floor(i / 3) * 3 + 1]!);
    expect(
      crop({ data: gray, width: each!.width, height: each!.height, format: "gray" }, toBox(each!.box), 15),
    ).toEqual(want);
  });

  it("passes 48×48 pixels through", () => {
    const data = bgrImage({ kind: "noise", width: 48, height: 48, seed: 9 });
    expect(
      crop({ data, width: 48, height: 48, format: "bgr" }, { x: 0, y: 0, width: 48, height: 48 }, 0),
    ).toEqual(data);
  });

  it.each<[PixelFormat, number]>([
    ["rgba", 4],
    ["rgb", 3],
    ["bgr", 3],
    ["bgra", 4],
    ["gray", 1],
  ])("reads no byte outside the box, in pictures of any size: %s", (format, bytes) => {
    const next = random(21);
    for (const [width, height] of [
      [1, 1],
      [2, 3],
      [95, 96],
      [97, 98],
      [5000, 3],
      [11_000, 100],
      [3, 5000],
    ] as const) {
      const data = Uint8Array.from({ length: width * height * bytes }, () => 256 * next());
      const box = {
        x: Math.floor(width / 3),
        y: Math.floor(height / 4),
        width: Math.ceil(width / 2),
        height: Math.ceil(height / 2),
      };
      const whole = crop({ data, width, height, format }, box, 0);
      const cut = new Uint8Array(box.width * box.height * bytes);
      for (let y = 0; y < box.height; y++) {
        const from = ((box.y + y) * width + box.x) * bytes;
        cut.set(data.subarray(from, from + box.width * bytes), y * box.width * bytes);
      }
      const alone = crop(
        { data: cut, width: box.width, height: box.height, format },
        { ...box, x: 0, y: 0 },
        1,
      );
      expect(whole, `${width}×${height}`).toEqual(alone);
    }
  });

  it("leaves the other crops alone", () => {
    const memory = new Uint8Array(model.memory.buffer, model.crops(), 16 * 6912);
    memory.fill(5);
    crop(
      { data: new Uint8Array(300).fill(9), width: 10, height: 10, format: "rgb" },
      { x: 0, y: 0, width: 10, height: 10 },
      3,
    );
    expect(memory.subarray(0, 3 * 6912).every((v) => v === 5)).toBe(true);
    expect(memory.subarray(3 * 6912, 4 * 6912).every((v) => v === 9)).toBe(true);
    expect(memory.subarray(4 * 6912).every((v) => v === 5)).toBe(true);
  });
});
