import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  alignFace,
  createLandmarker,
  createLandmarkerSync,
  type ImageLike,
  LANDMARK_NAMES,
  WeightsError,
} from "fivepoint";
import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../src/core/container.ts";
import { parseWeights } from "../../src/core/landmarks.ts";
import { readRanges } from "../../src/core/ranges.ts";
import { forwardInt8 } from "../reference/int8.ts";
import { randomCrops } from "../support/random.ts";
import { changedWeights } from "../support/weights.ts";

/** By its name alone what a browser's is: it has no pixels of its own. */
class HTMLCanvasElement {}

const weights = new Uint8Array(readFileSync("dist/weights.safetensors"));

// Of ES2024: the library's own types are of ES2022.
const resizable = (length: number): ArrayBuffer =>
  Reflect.construct(ArrayBuffer, [length, { maxByteLength: 2 * length }]);

function fill(array: Uint8Array, bytes: Uint8Array): Uint8Array {
  bytes.forEach((byte, i) => {
    array[i] = byte;
  });
  return array;
}

/** The crop as an image of each pixel format. */
function asImage(crop: Uint8Array, format: "bgr" | "rgba"): ImageLike {
  if (format === "bgr") return { data: crop, width: 48, height: 48, format };
  const data = new Uint8ClampedArray(48 * 48 * 4);
  for (let i = 0; i < 48 * 48; i++) {
    data.set([crop[3 * i + 2]!, crop[3 * i + 1]!, crop[3 * i]!, 255], 4 * i);
  }
  return { data, width: 48, height: 48 };
}

describe("createLandmarker", () => {
  it("gives the same answers with and without a promise", async () => {
    const crops = randomCrops(3, 1);
    const one = await createLandmarker();
    const two = createLandmarkerSync();
    expect(one.run(crops, 3)).toEqual(two.run(crops, 3));
  });

  it("describes what runs", () => {
    const { info } = createLandmarkerSync({ simd: "baseline" });
    expect(info).toMatchObject({ precision: "f32", simd: "baseline" });
    expect(info.weights.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(info.memoryBytes).toBeGreaterThan(190_616 * 4);
  });

  it("takes a module and weights of the caller's, at any offset of a larger buffer", async () => {
    const module = await WebAssembly.compile(readFileSync("dist/model.wasm"));
    const larger = new Uint8Array(weights.length + 3);
    larger.set(weights, 3);
    const landmarker = createLandmarkerSync({ module, weights: larger.subarray(3) });
    const crops = randomCrops(1, 2);
    expect(landmarker.info.simd).toBe("baseline");
    expect(landmarker.run(crops)).toEqual(createLandmarkerSync({ simd: "baseline" }).run(crops));
    expect(createLandmarkerSync({ weights: weights.slice().buffer }).info.weights.sha256).toBe(
      landmarker.info.weights.sha256,
    );
  });
});

describe("int8", () => {
  it("gives the answers of whole-number arithmetic, the same in both tiers and in any company", () => {
    const crops = randomCrops(33, 8);
    const relaxed = createLandmarkerSync({ precision: "int8", simd: "relaxed" });
    const got = relaxed.run(crops, 33);
    expect(relaxed.info.precision).toBe("int8");
    expect(createLandmarkerSync({ precision: "int8", simd: "baseline" }).run(crops, 33)).toEqual(got);
    expect(relaxed.run(crops.subarray(20 * 6912, 21 * 6912))).toEqual(got.slice(200, 210));
    const file = parseWeights(weights);
    const tensors = new Map(Array.from(file.tensors, ([name, tensor]) => [name, toFloat32(tensor)]));
    for (const face of [0, 20]) {
      const crop = crops.subarray(face * 6912, (face + 1) * 6912);
      const logits = Array.from(forwardInt8(tensors, readRanges(file), crop).get("fc3")!);
      const points = logits.map((logit) => Math.fround(1 / (1 + Math.exp(-logit))));
      expect([...got.slice(face * 10, face * 10 + 10)]).toEqual(points.map((v) => expect.closeTo(v, 7)));
    }
  });
});

describe("Landmarker", () => {
  const landmarker = createLandmarkerSync();
  const crops = randomCrops(40, 3);

  it("answers alike for every count, alone and in company", () => {
    const all = landmarker.run(crops, 40);
    for (let i = 0; i < 40; i++) {
      const alone = landmarker.run(crops.subarray(i * 6912, (i + 1) * 6912));
      expect(alone, `crop ${i}`).toEqual(all.slice(i * 10, (i + 1) * 10));
    }
    for (const count of [0, 1, 2, 15, 16, 17, 31, 32, 33]) {
      expect(landmarker.run(crops.subarray(0, count * 6912), count)).toEqual(all.slice(0, count * 10));
    }
  });

  it("reads a 48×48 image as it is, whatever its pixel format", () => {
    const crop = crops.subarray(0, 6912);
    const raw = landmarker.run(crop);
    for (const format of ["bgr", "rgba"] as const) {
      const face = landmarker.detect(asImage(crop, format));
      expect(face.normalized).toEqual(raw);
      expect(face.box).toEqual({ x: 0, y: 0, width: 48, height: 48 });
      expect(face.points).toHaveLength(LANDMARK_NAMES.length);
      face.points.forEach((point, i) => {
        expect(point).toEqual({ x: raw[2 * i]! * 48, y: raw[2 * i + 1]! * 48 });
      });
      expect(face.score).toBeGreaterThanOrEqual(0);
      expect(face.score).toBeLessThanOrEqual(1);
    }
  });

  it("finds the same faces one by one and all at once, in any number", () => {
    const image: ImageLike = { data: crops, width: 48, height: 48 * 40, format: "bgr" };
    const boxes = Array.from({ length: 40 }, (_, i) => ({
      x: i % 7,
      y: 48 * i,
      width: 41 - (i % 7),
      height: 47,
    }));
    const faces = landmarker.detectAll(image, boxes, { expand: 1.1 });
    expect(faces).toEqual(boxes.map((box) => landmarker.detect(image, box, { expand: 1.1 })));
    expect(landmarker.detectAll(image, [])).toEqual([]);
  });

  // Classes with methods of their own, arrays of another realm (as in Jest, or from a frame), memory of other kinds.
  class Hostile extends Uint8Array {
    static get [Symbol.species](): never {
      throw new Error("not the pixels' business");
    }
    override subarray(): never {
      throw new Error("not the pixels' business");
    }
  }
  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ["a Buffer", (bytes) => Buffer.from(bytes)],
    ["shared memory", (bytes) => fill(new Uint8Array(new SharedArrayBuffer(bytes.length)), bytes)],
    ["resizable memory", (bytes) => fill(new Uint8Array(resizable(bytes.length)), bytes)],
    [
      "a place in larger memory",
      (bytes) => fill(new Uint8Array(new ArrayBuffer(bytes.length + 7), 5, bytes.length), bytes),
    ],
    ["a subclass", (bytes) => fill(new Hostile(bytes.length), bytes)],
    ["an array of another realm", (bytes) => fill(runInNewContext(`new Uint8Array(${bytes.length})`), bytes)],
  ])("reads %s as any other bytes", (_, as) => {
    const crop = crops.subarray(0, 6912);
    const want = landmarker.run(crop);
    expect(landmarker.run(as(crop))).toEqual(want);
    const image = { data: as(crop), width: 48, height: 48, format: "bgr" } as const;
    expect(landmarker.detect(image).normalized).toEqual(want);
    expect(createLandmarkerSync({ weights: as(weights) }).run(crop)).toEqual(want);
    const chip = alignFace(image, landmarker.detect(image).points);
    expect(chip).toEqual(alignFace({ ...image, data: crop }, landmarker.detect(image).points));
  });

  it("keeps results apart from later calls", () => {
    const image = asImage(crops.subarray(0, 6912), "bgr");
    const face = landmarker.detect(image);
    const before = structuredClone(face);
    landmarker.detect(asImage(crops.subarray(6912, 2 * 6912), "bgr"));
    expect(face).toEqual(before);
  });

  const image = asImage(crops.subarray(0, 6912), "rgba");
  const detached = crops.slice(0, 6912);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ["no image", () => landmarker.detect(undefined as never), TypeError, /image/],
    ["data of another type", () => landmarker.detect({ ...image, data: [1, 2] as never }), TypeError, /data/],
    ["too little data", () => landmarker.detect({ ...image, height: 49 }), RangeError, /data/],
    [
      "a canvas",
      () => landmarker.detect(new HTMLCanvasElement() as never),
      TypeError,
      /pixels.*readImage of fivepoint.web.*for image.*HTMLCanvasElement/,
    ],
    [
      "a promise",
      () => landmarker.detect(Promise.resolve(image) as never),
      TypeError,
      /pixels.*for image.*Promise/,
    ],
    [
      "a file's bytes",
      () => landmarker.detect(weights as never),
      TypeError,
      /pixels.*for image.*Uint8Array of/,
    ],
    [
      "a path",
      () => landmarker.detect("photo.jpg" as never),
      TypeError,
      /readImage.*fivepoint.node.*for image.*"photo.jpg"/,
    ],
    ["null", () => landmarker.detect(null as never), TypeError, /pixels.*for image.*null/],
    ["a width of 0", () => landmarker.detect({ ...image, width: 0 }), RangeError, /width/],
    ["a broken height", () => landmarker.detect({ ...image, height: 47.5 }), RangeError, /height/],
    [
      "an unknown format",
      () => landmarker.detect({ ...image, format: "argb" as never }),
      TypeError,
      /format.*argb/,
    ],
    ["a stride under the width", () => landmarker.detect({ ...image, stride: 10 }), RangeError, /stride/],
    [
      "a box of NaN",
      () => landmarker.detect(image, { x: NaN, y: 0, width: 9, height: 9 }),
      RangeError,
      /box/,
    ],
    [
      "a box beside the image",
      () => landmarker.detect(image, { x: 48, y: 0, width: 9, height: 9 }),
      RangeError,
      /box/,
    ],
    [
      "a box of no width",
      () => landmarker.detect(image, { x: 4, y: 0, width: 0, height: 9 }),
      RangeError,
      /box/,
    ],
    [
      "a box in fractions of the image",
      () => landmarker.detect(image, { x: 0.1, y: 0.2, width: 0.5, height: 0.6 }),
      RangeError,
      /pixels, not fractions of the sides \(48 × 48\) for box.*x 0\.1, y 0\.2, width 0\.5, height 0\.6/,
    ],
    [
      "the whole image in fractions, among boxes",
      () => landmarker.detectAll(image, [{ x: -0.01, y: 0, width: 1, height: 1 }]),
      RangeError,
      /pixels, not fractions.*for boxes\[0\]/,
    ],
    ["a box that is none", () => landmarker.detect(image, 7 as never), TypeError, /box/],
    ["an expansion of 0", () => landmarker.detect(image, undefined, { expand: 0 }), RangeError, /expand/],
    ["boxes that are none", () => landmarker.detectAll(image, {} as never), TypeError, /boxes/],
    [
      "one bad box of many",
      () => landmarker.detectAll(image, [{ x: 0, y: 0, width: 9, height: 9 }, {} as never]),
      RangeError,
      /box/,
    ],
    [
      "a list with a hole",
      () =>
        landmarker.detectAll(image, Object.assign(new Array(2), { 0: { x: 0, y: 0, width: 9, height: 9 } })),
      TypeError,
      /boxes\[1\]/,
    ],
    ["detached data", () => landmarker.detect({ ...image, data: detached }), RangeError, /data.*of 0 bytes/],
    ["detached crops", () => landmarker.run(detached), RangeError, /crops.*of 0 bytes/],
    ["bytes with a sign", () => landmarker.run(new Int8Array(6912) as never), TypeError, /crops.*Int8Array/],
    [
      "an unknown option",
      () => landmarker.detect(image, undefined, { grow: 2 } as never),
      TypeError,
      /expand, refine.*"grow"/,
    ],
    [
      "options that are none",
      () => landmarker.detect(image, undefined, 1.15 as never),
      TypeError,
      /options.*1\.15/,
    ],
    ["a count that isn't whole", () => landmarker.run(crops, 1.5), RangeError, /count/],
    ["a negative count", () => landmarker.run(crops, -1), RangeError, /count/],
    ["crops of another type", () => landmarker.run(new Float32Array(6912) as never), TypeError, /crops/],
    ["crops of another length", () => landmarker.run(crops, 2), RangeError, /2 × 6912.*crops/],
  ])("refuses %s and goes on", (_, call, type, message) => {
    const before = landmarker.run(crops, 40);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(landmarker.run(crops, 40)).toEqual(before);
  });

  it("reads an image of one pixel by a box of one pixel", () => {
    const dot = { data: new Uint8Array(3).fill(90), width: 1, height: 1, format: "bgr" } as const;
    const face = landmarker.detect(dot, { x: 0, y: 0, width: 1, height: 1 });
    expect(face).toEqual(landmarker.detect(dot));
  });

  it.each([
    ["f32", /conv1\.weight/],
    ["f32", /conv4\.weight/],
    ["f32", /depthwise\.weight/],
    ["f32", /fc1\.scale/],
    ["f32", /fc3\.weight/],
    ["int8", /fc3\.weight/],
  ] as const)(
    "refuses answers that aren't numbers, in %s where %s is too large, and goes on",
    (precision, name) => {
      const large = changedWeights(weights, name, (value) => Math.sign(value) * 3e38);
      const overflowing = createLandmarkerSync({ weights: large, precision });
      for (const call of [
        () => overflowing.run(crops, 40),
        () => overflowing.detect(image),
        () => overflowing.detect(image, undefined, { refine: true }),
      ]) {
        expect(call).toThrow(WeightsError);
        expect(call).toThrow(/too large: the network overflows/);
      }
      expect(overflowing.info.precision).toBe(precision);
    },
  );

  it("refuses weights that overflow before an image is read, in int8", () => {
    const large = changedWeights(weights, /input\.scale|conv1\.weight/, () => 1e30);
    expect(() => createLandmarkerSync({ weights: large, precision: "int8" })).toThrow(WeightsError);
  });

  // Memory grows by pages of 64 KiB: a leak of 7 bytes per call would show.
  it("keeps its memory over 10,000 calls", { tags: "slow" }, () => {
    const small = createLandmarkerSync();
    const { memoryBytes } = small.info;
    const crop = crops.subarray(0, 6912);
    const expected = small.run(crop);
    for (let i = 0; i < 10_000; i++) small.run(crop);
    expect(small.info.memoryBytes).toBe(memoryBytes);
    expect(small.run(crop)).toEqual(expected);
  });

  it("lets its memory go with dispose, even when it is kept itself", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const external = async () => {
      for (let i = 0; i < 5; i++) {
        collect();
        await new Promise(setImmediate);
      }
      return process.memoryUsage().external;
    };
    const before = await external();
    const kept = Array.from({ length: 10 }, () => createLandmarkerSync());
    const { memoryBytes } = kept[0]!.info;
    expect((await external()) - before).toBeGreaterThan(9 * memoryBytes);
    for (const landmarker of kept) landmarker.dispose();
    expect((await external()) - before).toBeLessThan(memoryBytes);
    expect(kept).toHaveLength(10);
  });

  it("throws after dispose, also through using's symbol", () => {
    const disposed = createLandmarkerSync();
    disposed[Symbol.dispose]();
    disposed.dispose();
    expect(() => disposed.run(crops, 40)).toThrow(/disposed/);
    expect(() => disposed.detect(image)).toThrow(/disposed/);
    expect(() => disposed.detectAll(image, [])).toThrow(/disposed/);
    expect(() => disposed.info).toThrow(/disposed/);
  });
});
