/** Sharpness of a face: against the real OpenCV (test/fixtures/make_blurriness.py) and the formula in plain numbers. */
import { readFileSync } from "node:fs";
import { alignFace, createLandmarkerSync, type ImageLike } from "fivepoint";
import { afterAll, describe, expect, it } from "vitest";
import { instantiate } from "../../src/core/model.ts";
import { OMZ } from "../../src/core/templates.ts";
import fixture from "../fixtures/blurriness.json" with { type: "json" };
import { bgrImage, convert, ORDER } from "../support/images.ts";
import { random } from "../support/random.ts";

const FORMATS = ["rgba", "rgb", "bgr", "bgra", "gray"] as const;
/** A face that lies in an image of 112×112 as in its chip: the chip is the image. */
const ARCFACE = OMZ.map(({ x, y }) => ({ x: x + 8, y }));

/** The formula of the kernel, sum by sum. */
function reference({ data, width, height, format = "rgba" }: ImageLike): number {
  const order = ORDER[format];
  const colour = (x: number, y: number, c: number) =>
    data[(y * width + x) * order.length + Math.max(0, order.indexOf(c))]!;
  const mirrored = (v: number, size: number) => (v < 0 ? -v : v >= size ? 2 * size - 2 - v : v);
  const grey = (x: number, y: number) => {
    const at = [mirrored(x, width), mirrored(y, height)] as const;
    if (format === "gray") return colour(...at, 1);
    return (3735 * colour(...at, 0) + 19235 * colour(...at, 1) + 9798 * colour(...at, 2) + 16384) >> 15;
  };
  const values: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      values.push(grey(x - 1, y) + grey(x + 1, y) + grey(x, y - 1) + grey(x, y + 1) - 4 * grey(x, y));
    }
  }
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
}

describe("landmarker.blurriness", () => {
  const landmarker = createLandmarkerSync();
  afterAll(() => landmarker.dispose());

  it.each(fixture.cases)("equals OpenCV: $kind $seed", ({ variance, ...each }) => {
    const image = convert(bgrImage(each), each, "bgr", 7, 2);
    expect(landmarker.blurriness(image, { points: ARCFACE })).toBeCloseTo(variance, 7);
  });

  const photo = { kind: "ramp", width: 300, height: 200, seed: 5 };
  const bgr = bgrImage(photo);
  const faces = {
    upright: ARCFACE.map(({ x, y }) => ({ x: 1.3 * x + 60, y: 1.3 * y + 10 })),
    "shrunk, over the edge": ARCFACE.map(({ x, y }) => ({ x: 2.7 * x + 0.4 * y - 90, y: 2.7 * y - 0.4 * x })),
  };
  it.each(FORMATS)("is that of the chip, whose edge is the image's, in %s", (format) => {
    const image = convert(bgr, photo, format, 3);
    for (const points of Object.values(faces)) {
      const want = reference(alignFace(image, points, { border: "replicate" }));
      expect(want).toBeGreaterThan(1);
      expect(landmarker.blurriness(image, { points })).toBeCloseTo(want, 7);
    }
  });

  it("is 0 for one colour, and falls as a face is blurred", () => {
    const flat: ImageLike = {
      data: new Uint8Array(112 * 112).fill(255),
      width: 112,
      height: 112,
      format: "gray",
    };
    expect(landmarker.blurriness(flat, { points: ARCFACE })).toBe(0);
    const next = random(4);
    let data = Uint8Array.from({ length: 112 * 112 }, () => 256 * next());
    const values: number[] = [];
    for (let i = 0; i < 4; i++) {
      values.push(landmarker.blurriness({ ...flat, data }, { points: ARCFACE }));
      data = data.map(
        (v, at) => (v + data[Math.max(0, at - 1)]! + data[Math.min(data.length - 1, at + 112)]!) / 3,
      );
    }
    for (let i = 1; i < 4; i++) expect(values[i]!).toBeLessThan(values[i - 1]! / 2);
  });

  it("leaves what the landmarker finds as it was, and works on after an error", () => {
    const image = convert(bgr, photo, "rgba");
    const box = { x: 20, y: 20, width: 100, height: 100 };
    const face = landmarker.detect(image, box, { refine: true });
    const sharpness = landmarker.blurriness(image, face);
    expect(() => landmarker.blurriness(image, [face] as never)).toThrow(/array of points.* for face\.points/);
    expect(() => landmarker.blurriness(image, undefined as never)).toThrow(
      /a face with its points.* for face,/,
    );
    expect(() => landmarker.blurriness({} as never, face)).toThrow(TypeError);
    expect(landmarker.detect(image, box, { refine: true })).toEqual(face);
    expect(landmarker.blurriness(image, face)).toBe(sharpness);
  });

  it("refuses when it has been disposed", () => {
    const gone = createLandmarkerSync();
    gone.dispose();
    expect(() => gone.blurriness(convert(bgr, photo, "rgba"), { points: ARCFACE })).toThrow(/disposed/);
  });
});

describe.each(["model.wasm", "model-relaxed.wasm"])("%s", (file) => {
  const model = instantiate(new WebAssembly.Module(readFileSync(`dist/${file}`)));
  /** What the kernel makes of grey rows. */
  function variance(data: Uint8Array, columns: number): number {
    const memory = new Uint8Array(model.memory.buffer);
    memory.fill(0xa5, model.window(), model.window() + model.windowBytes()); // what was there before must not count
    memory.set(data, model.chip());
    return model.laplacianVariance(columns, data.length / columns, 1, 0);
  }

  it.each([
    [8, 2],
    [8, 3],
    [16, 5],
    [24, 100],
    [112, 112],
    [128, 128],
    [2048, 8],
  ])("sums up %i×%i pixels", (columns, rows) => {
    const next = random(columns + rows);
    const data = Uint8Array.from({ length: columns * rows }, () => 256 * next());
    const want = reference({ data, width: columns, height: rows, format: "gray" });
    expect(Math.abs(variance(data, columns) / want - 1)).toBeLessThan(1e-12);
    // The most that there can be: black and white by turns, |L| = 1020 everywhere.
    const checks = data.map((_, i) => (((i % columns) + Math.floor(i / columns)) % 2) * 255);
    expect(variance(checks, columns)).toBe(1020 ** 2);
  });
});
