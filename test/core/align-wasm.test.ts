/** Alignment in a landmarker's memory: the bytes of `alignFace`, which align.test.ts compares with OpenCV. */
import { readFileSync } from "node:fs";
import { type AlignOptions, alignFace, createLandmarkerSync, ffhqTemplate, type ImageLike } from "fivepoint";
import { afterAll, describe, expect, it } from "vitest";
import { alignFaces, type Engine } from "../../src/core/align.ts";
import { checkImage } from "../../src/core/image.ts";
import { instantiate, type ModelExports } from "../../src/core/model.ts";
import { shrink } from "../../src/core/warp.ts";
import { wasmEngine } from "../../src/core/warp-wasm.ts";
import fixture from "../fixtures/align.json" with { type: "json" };
import { bgrImage, convert, ORDER } from "../support/images.ts";

const FORMATS = ["rgba", "rgb", "bgr", "bgra", "gray"] as const;

const cases = fixture.faces.map(({ template, antialias, ...each }, i) => ({
  ...{ ...each, i, antialias },
  points: each.points.map(([x, y]) => ({ x: x!, y: y! })),
  template: (typeof template === "string"
    ? template
    : {
        points: template.points.map(([x, y]) => ({ x: x!, y: y! })),
        size: { width: template.size[0]!, height: template.size[1]! },
      }) as NonNullable<AlignOptions["template"]>,
}));

/** A border in the order of a format. */
function borderIn(format: (typeof FORMATS)[number], border: string | number[]): AlignOptions["border"] {
  if (typeof border === "string") return border as "constant" | "replicate";
  return ORDER[format].map((c) => (c < 0 ? 99 : border[c]!));
}

/** `toEqual` on large images, sooner. */
function expectSame(found: ImageLike, want: ImageLike): void {
  const isSame = Buffer.from(found.data).equals(Buffer.from(want.data));
  expect({ ...found, data: isSame }).toEqual({ ...want, data: true });
}

describe.each(["model.wasm", "model-relaxed.wasm"])("%s", (file) => {
  const model = instantiate(new WebAssembly.Module(readFileSync(`dist/${file}`)));
  const engine = wasmEngine(model);
  const aligned = (image: ImageLike, points: { x: number; y: number }[], options: AlignOptions, by: Engine) =>
    alignFaces(image, [{ points }], () => "face", options, by)[0]!;

  it.each(cases)(
    "equals alignFace: $kind $width×$height, $border, antialias $antialias, case $i",
    ({ points, template, border, antialias, ...each }) => {
      const bgr = bgrImage(each);
      for (const format of FORMATS) {
        const image = convert(bgr, each, format, 5, 3);
        const options = { template, antialias, border: borderIn(format, border) };
        expectSame(aligned(image, points, options, engine), alignFace(image, points, options));
      }
    },
  );

  const photo = { kind: "noise", width: 700, height: 500, seed: 3 };
  const bgr = bgrImage(photo);
  const face = cases.at(-1)!.points;

  it.each([
    ["more rows than the chip's region holds", 700, {}],
    ["a part of the image that no window holds", 112, { antialias: false }],
    ["both", 700, { border: "replicate" }],
  ] as const)("equals alignFace for %s", (_, size, options) => {
    const tilted = face.map(({ x, y }) => ({ x: 350 + 0.7 * (x - y), y: 0.7 * (x + y) - 120 }));
    const narrow: ModelExports = { ...model, windowBytes: () => 40_000 };
    for (const [points, exports] of [
      [face, model],
      [tilted, model],
      [tilted, narrow],
    ] as const) {
      const image = convert(bgr, photo, "rgba");
      const all = { ...options, template: ffhqTemplate(size) };
      expectSame(aligned(image, points, all, wasmEngine(exports)), alignFace(image, points, all));
    }
  });

  it.each([
    ["the image's last pixels", 700, 500],
    ["an image of one column", 1, 9000],
    ["an image of one row", 9000, 1],
    ["an image of two pixels each way", 2, 2],
  ])("equals alignFace where a face that is shrunk much needs %s", (_, width, height) => {
    const size = { kind: "noise", width, height, seed: 4 };
    const pixels = bgrImage(size);
    const [x, y] = [0.8 * width, 0.8 * height];
    const scale = Math.max(width, height) / 300;
    const large = face.map((point) => ({ x: x + scale * (point.x - 350), y: y + scale * (point.y - 250) }));
    for (const format of FORMATS) {
      // Neither rows nor the data have a byte more than the pixels.
      const image = convert(pixels, size, format);
      for (const border of ["replicate", borderIn(format, [200, 7, 90])] as const) {
        const options = { border, antialias: false, template: ffhqTemplate(17) };
        expectSame(aligned(image, large, options, engine), alignFace(image, large, options));
      }
    }
  });

  it.each([1e3, -1e6, 1e12, 1e15])("equals alignFace for points %d pixels away", (shift) => {
    const image = convert(bgr, photo, "rgba");
    const far = face.map(({ x, y }) => ({ x: x + shift, y }));
    for (const border of ["replicate", [1, 2, 3, 4]] as const) {
      for (const antialias of [false, true]) {
        const options = { border, antialias };
        const chip = aligned(image, far, options, engine);
        expectSame(chip, alignFace(image, far, options));
        if (border !== "replicate") expect([...chip.data.subarray(-4)]).toEqual(border);
      }
    }
  });

  it("shrinks to the same means by every factor, in strips where a row is too long", { tags: "slow" }, () => {
    const memory = new Uint8Array(model.memory.buffer);
    for (const factor of [2, 3, 4, 5, 7, 8, 16, 31, 64, 100, 255, 256]) {
      for (const format of FORMATS) {
        const pixels = checkImage(convert(bgr, photo, format, 5, 3));
        const [right, bottom] = [Math.ceil(700 / factor), Math.ceil(500 / factor)];
        const part = { left: Math.min(2, right - 1), top: Math.min(1, bottom - 1), right, bottom };
        const want = shrink(pixels, part, factor);
        // What an earlier call left lies around the rows and must not reach the means.
        memory.fill(0xff, model.window(), model.window() + model.windowBytes());
        expectSame(engine.shrink(pixels, part, factor), want);
        const strips = wasmEngine({ ...model, windowBytes: () => factor * factor * 4 * 3 });
        expectSame(strips.shrink(pixels, part, factor), want);
      }
    }
  });

  it("sums up the brightest pixels, and the longest rows", () => {
    const white = checkImage({ data: new Uint8Array(70_000 * 4).fill(255), width: 70_000, height: 1 });
    for (const factor of [2, 3, 256]) {
      const part = { left: 0, top: 0, right: Math.ceil(70_000 / factor), bottom: 1 };
      expect(engine.shrink(white, part, factor).data.every((byte) => byte === 255)).toBe(true);
    }
  });
});

describe("landmarker.align", () => {
  const landmarker = createLandmarkerSync();
  afterAll(() => landmarker.dispose());
  const photo = { kind: "ramp", width: 500, height: 400, seed: 3 };
  const image = convert(bgrImage(photo), photo, "rgba");
  const { points } = cases.at(-1)!;
  const smaller = points.map(({ x, y }) => ({ x: x / 3, y: y / 3 }));

  it("gives one result per face, of the shape of what was given", () => {
    const options = { template: "omz96x112" } as const;
    const each = [points, smaller].map((five) => alignFace(image, five, options));
    expect(landmarker.align(image, [{ points }, { points: smaller }], options)).toEqual(each);
    expect(landmarker.align(image, { points: smaller }, options)).toEqual(each[1]);
    expect(landmarker.align(image, [])).toEqual([]);
    const face = landmarker.detect(image, { x: 100, y: 100, width: 200, height: 200 });
    expect(landmarker.align(image, face)).toEqual(alignFace(image, face.points));
  });

  it("keeps the image's kind of array, and its results apart from later calls", () => {
    const clamped = { ...image, data: new Uint8ClampedArray(image.data) };
    const chip = landmarker.align(clamped, { points });
    expect(chip.data).toBeInstanceOf(Uint8ClampedArray);
    const before = chip.data.slice();
    landmarker.align(image, { points: smaller }, { border: [9, 9, 9, 9] });
    expect(chip.data).toEqual(before);
  });

  it("leaves what the landmarker finds as it was", () => {
    const box = { x: 100, y: 100, width: 200, height: 200 };
    const before = landmarker.detect(image, box, { refine: true });
    landmarker.align(image, [{ points }, { points: smaller }]);
    expect(landmarker.detect(image, box, { refine: true })).toEqual(before);
  });

  it.each<[string, unknown, AlignOptions | undefined, typeof TypeError | typeof RangeError, RegExp]>([
    ["no face", undefined, undefined, TypeError, /a face with its points.* for face,.*undefined/],
    ["a hole", [{ points }, undefined], undefined, TypeError, /for faces\[1\],.*undefined/],
    ["points in place of faces", points, undefined, TypeError, /for faces\[0\]\.points/],
    ["four points", { points: points.slice(1) }, undefined, RangeError, /5 points for face\.points/],
    ["another option", { points }, { size: 3 } as never, TypeError, /template, border, antialias.*"size"/],
  ])("refuses %s", (_, faces, options, type, message) => {
    const call = () => landmarker.align(image, faces as never, options);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(landmarker.align(image, { points })).toEqual(alignFace(image, points));
  });

  it("refuses when it has been disposed", () => {
    const gone = createLandmarkerSync();
    gone.dispose();
    expect(() => gone.align(image, { points })).toThrow(/disposed/);
  });
});
