/** `fivepoint/finder`: what its users rely on. */
import { readFileSync } from "node:fs";
import { createLandmarkerSync } from "fivepoint";
import {
  createFinder,
  createFinderSync,
  type FinderOptions,
  type FindOptions,
  findFaces,
  WeightsError,
} from "fivepoint/finder";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { toFloat32, toTensor } from "../../src/core/container.ts";
import { landmarkBox } from "../../src/core/finder/faces.ts";
import { FINDER, parseFinderWeights, serializeFinderWeights } from "../../src/core/finder/network.ts";
import type { Box, Face, ImageLike, PixelFormat } from "../../src/core/types.ts";
import golden from "../fixtures/finder.json" with { type: "json" };
import { bgrImage, convert } from "../support/images.ts";
import { random } from "../support/random.ts";
import { randomWeights } from "../support/weights.ts";

const TIERS = ["baseline", "relaxed"] as const;

/** Eyes, nose and corners of the mouth of the sample photo, read off it by eye. */
const FACE = [
  [171.5, 100.5],
  [215, 103],
  [191.5, 127.5],
  [172, 140.5],
  [212, 142],
] as const;

let photo: ImageLike;
beforeAll(async () => {
  const { data, info } = await sharp("examples/astronaut.jpg").raw().toBuffer({ resolveWithObject: true });
  photo = { data: new Uint8Array(data), width: info.width, height: info.height, format: "rgb" };
});

describe.each(TIERS)("the default weights, %s", (simd) => {
  it.each(golden.cases)(
    "find in the sample photo what the float64 reference does, maxSide $maxSide",
    (each) => {
      const finder = createFinderSync({ simd, maxSide: 384 });
      expect(finder.info.weights.sha256, "run npm run golden").toBe(golden.weights);
      const boxes = finder.find(photo, { minScore: golden.minScore, maxSide: each.maxSide });
      expect(boxes).toHaveLength(each.boxes.length);
      boxes.forEach(({ x, y, width, height, score }, i) => {
        const want = each.boxes[i]!;
        const worst = Math.max(...[x, y, width, height].map((v, k) => Math.abs(v - want[k]!)));
        expect(worst, `box ${i}, pixels`).toBeLessThan(0.002); // stored with four digits
        expect(Math.abs(score - want[4]!), `score ${i}`).toBeLessThan(1e-4);
      });
    },
  );
});

describe("createFinder", () => {
  it("makes what createFinderSync makes", async () => {
    const [one, other] = [await createFinder(), createFinderSync()];
    expect(one.info).toEqual(other.info);
    expect(one.find(photo)).toEqual(other.find(photo));
    expect(one.info).toMatchObject({ maxSide: 320, weights: { name: expect.any(String) } });
  });

  it("takes weights and a module from the caller", () => {
    const weights = readFileSync("dist/finder.safetensors");
    const module = new WebAssembly.Module(readFileSync("dist/finder.wasm"));
    const finder = createFinderSync({ weights, module });
    expect(finder.info.simd).toBe("baseline");
    expect(finder.find(photo)).toEqual(createFinderSync({ simd: "baseline" }).find(photo));
  });

  it("takes the weights that were trained on free photos alone", () => {
    const finder = createFinderSync({ weights: readFileSync("dist/finder-clean.safetensors") });
    expect(finder.info.weights.license).toContain("CC-BY-4.0");
    const [best] = finder.find(photo);
    const [wanted] = createFinderSync().find(photo);
    for (const side of ["x", "y", "width", "height"] as const)
      expect(Math.abs(best![side] - wanted![side])).toBeLessThan(0.2 * wanted!.height);
  });

  it("takes float32 weights", () => {
    const weights = serializeFinderWeights(randomWeights(3, FINDER));
    expect(createFinderSync({ weights }).info.weights.name).toBe("random 3");
  });

  it.each<[string, unknown, RegExp]>([
    ["no object", 7, /Expected an object .* for options, but received 7/],
    ["an unknown key", { size: 320 }, /no other keys than weights, simd, module, maxSide/],
    ["a side that is no whole number", { maxSide: 99.5 }, /whole number of 32 to 2048 for options.maxSide/],
    ["a side too small", { maxSide: 31 }, /options.maxSide, but received 31/],
    ["a side too large", { maxSide: 2049 }, /options.maxSide, but received 2049/],
    ["a tier that isn't", { simd: "avx" }, /options.simd/],
    ["weights that aren't bytes", { weights: "x" }, /options.weights/],
    ["no module", { module: {} }, /compiled from fivepoint's finder.wasm for options.module/],
  ])("refuses %s", async (_, options, message) => {
    expect(() => createFinderSync(options as FinderOptions)).toThrow(message);
    await expect(createFinder(options as FinderOptions)).rejects.toThrow(message);
  });

  it("refuses the landmark network's module and weights, and weights that aren't finite", () => {
    const module = new WebAssembly.Module(readFileSync("dist/model.wasm"));
    expect(() => createFinderSync({ module })).toThrow(/finder.wasm/);
    const landmarks = readFileSync("dist/weights.safetensors");
    expect(() => createFinderSync({ weights: landmarks })).toThrow(WeightsError);
    const weights = readFileSync("dist/finder.safetensors");
    weights.writeUInt16LE(0x7c00, weights.length - 4); // in head32.bias
    expect(() => createFinderSync({ weights })).toThrow(
      /head32\.bias holds a value that isn't finite \(at 14\)/,
    );
  });

  it("says which tier a module is of", () => {
    const module = new WebAssembly.Module(readFileSync("dist/finder.wasm"));
    expect(() => createFinderSync({ module, simd: "relaxed" })).toThrow(
      /tier "relaxed" .* but received .*baseline/,
    );
  });
});

/** A finder whose head8 gives these outputs in every cell, and whose other heads find nothing. */
function everywhere(...outputs: [logit: number, right: number, down: number, wide: number, high: number]) {
  const file = parseFinderWeights(readFileSync("weights/finder.safetensors"));
  const tensors = new Map(file.tensors);
  for (const head of ["head8", "head16", "head32"]) {
    const bias = new Float32Array(16);
    bias.set(head === "head8" ? outputs : [-30]);
    tensors.set(`${head}.weight`, toTensor(head, "F32", [16, 32, 1, 1], new Float32Array(16 * 32)));
    tensors.set(`${head}.bias`, toTensor(head, "F32", [16], bias));
  }
  return createFinderSync({ weights: serializeFinderWeights({ ...file, tensors }) });
}

describe("find", () => {
  const finder = createFinderSync({ simd: "baseline" });

  it("takes images of every size and shape, and gives boxes that detectAll takes", () => {
    const landmarker = createLandmarkerSync();
    const next = random(5);
    const sides = [1, 2, 31, 32, 33, 97, 319, 320, 321, 640];
    for (const [i, width] of sides.entries()) {
      for (const height of [sides[(3 * i) % 10]!, sides[(7 * i + 1) % 10]!]) {
        const data = Uint8Array.from({ length: width * height }, () => 256 * next());
        const image = { data, width, height, format: "gray" } as const;
        const boxes = finder.find(image, { minScore: 0, maxFaces: 20 });
        for (const { x, y, width: w, height: h, score } of boxes) {
          expect(x >= 0 && y >= 0 && x + w <= width + 1e-9 && y + h <= height + 1e-9).toBe(true);
          expect(w >= 1 && h >= 1 && score >= 0 && score <= 1).toBe(true);
        }
        const scores = boxes.map(({ score }) => score);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
        expect(landmarker.detectAll(image, boxes)).toHaveLength(boxes.length);
        expect(landmarker.detectAll(image, boxes.map(landmarkBox))).toHaveLength(boxes.length);
      }
    }
  });

  it.each<[PixelFormat, number, number]>([
    ["rgba", 0, 0],
    ["bgra", 7, 3],
    ["rgb", 1, 1],
    ["bgr", 0, 2],
  ])("finds the same in %s, rows %d bytes apart", (format, gap, offset) => {
    const size = { width: 200, height: 150 };
    const bgr = bgrImage({ kind: "noise", ...size, seed: 2 });
    const options = { minScore: 0.01 };
    const want = finder.find(convert(bgr, size, "bgr"), options);
    expect(want.length).toBeGreaterThan(3);
    expect(finder.find(convert(bgr, size, format, gap, offset), options)).toEqual(want);
  });

  it("doesn't depend on what was found before", () => {
    const want = createFinderSync({ simd: "baseline" }).find(photo, { minScore: 0.1 });
    for (const [width, height] of [
      [640, 640],
      [3, 500],
      [320, 33],
    ] as const) {
      finder.find({ data: new Uint8Array(width * height).fill(200), width, height, format: "gray" });
      finder.find(photo, { maxSide: 64 });
      expect(finder.find(photo, { minScore: 0.1 })).toEqual(want);
    }
  });

  it("keeps to minScore and maxFaces", () => {
    const all = finder.find(photo, { minScore: 0.05 });
    expect(all.length).toBeGreaterThan(2);
    expect(finder.find(photo, { minScore: 0.05, maxFaces: 2 })).toEqual(all.slice(0, 2));
    const [, second] = all;
    const few = finder.find(photo, { minScore: second!.score });
    expect(few.at(-1)).toEqual(second);
    expect(finder.find(photo, { minScore: 1 })).toEqual([]);
  });

  it("gives as many boxes as are wanted though better ones lie outside the image", () => {
    const odd = everywhere(5, -10, 0, -1, -1); // what the first ten columns find lies left of the image
    const all = odd.find(photo);
    expect(all.length).toBeGreaterThan(10);
    expect(odd.find(photo, { maxFaces: 5 })).toEqual(all.slice(0, 5));
  });

  it.each([0.999, 0.99999, 1 - 1e-9, 1])("keeps scores that are rounded up to minScore %d", (minScore) => {
    const sure = everywhere(18, 0, 0, -1, -1); // 1 − 1.5e−8, which float32 rounds to 1
    expect(sure.find(photo, { minScore })[0]).toMatchObject({ score: 1 });
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ["no image", undefined, {}, /for image, but received undefined/],
    ["too few bytes", { data: new Uint8Array(3), width: 2, height: 2 }, {}, /for image.data/],
    ["a score above 1", null, { minScore: 1.5 }, /options.minScore, but received 1.5/],
    ["a score that is NaN", null, { minScore: Number.NaN }, /options.minScore/],
    ["a score that is no number", null, { minScore: "0.5" }, /options.minScore, but received "0.5"/],
    ["no face at all", null, { maxFaces: 0 }, /options.maxFaces, but received 0/],
    ["a larger side than the finder's", null, { maxSide: 321 }, /32 to 320 for options.maxSide/],
    ["an unknown key", null, { threshold: 1 }, /no other keys than minScore, maxFaces, maxSide/],
  ])("refuses %s and goes on", (_, image, options, message) => {
    expect(() => finder.find((image === null ? photo : image) as ImageLike, options as object)).toThrow(
      message,
    );
    expect(finder.find(photo)).toEqual(finder.find(photo));
  });

  it.each([
    ["conv1.weight", 1e37],
    ["conv8.scale", 2.5e38],
    ["head8.weight", 1e39],
  ])("says so when the weights overflow: %s times %d", (name, factor) => {
    const file = randomWeights(3, FINDER);
    const { dtype, shape } = file.tensors.get(name)!;
    const large = toFloat32(file.tensors.get(name)!).map((v) => v * factor);
    expect(large.every(Number.isFinite)).toBe(true);
    const data = new Uint8Array(large.buffer);
    const tensors = new Map([...file.tensors, [name, { dtype, shape, data }]]);
    for (const simd of TIERS) {
      const overflowing = createFinderSync({ weights: serializeFinderWeights({ ...file, tensors }), simd });
      const landmarker = createLandmarkerSync();
      for (const call of [
        () => overflowing.find(photo, { minScore: 0 }),
        () => overflowing.find(photo, { minScore: 0 }),
        () => findFaces(photo, { finder: overflowing, landmarker }),
      ])
        expect(call).toThrow(WeightsError);
      expect(() => overflowing.find(photo)).toThrow(/too large: the network overflows/);
    }
  });

  it("asks the score that its weights name, by default", () => {
    const file = parseFinderWeights(readFileSync("weights/finder.safetensors"));
    const usual = createFinderSync();
    const withThreshold = (threshold?: string) => {
      const { threshold: _, ...metadata } = file.metadata;
      const changed = threshold === undefined ? metadata : { ...metadata, threshold };
      return createFinderSync({ weights: serializeFinderWeights({ ...file, metadata: changed }) });
    };
    expect(usual.info.minScore).toBe(Number(file.metadata.threshold));
    for (const [threshold, minScore] of [
      [undefined, 0.5],
      ["0.05", 0.05],
      ["0.9", 0.9],
    ] as const) {
      const other = withThreshold(threshold);
      expect(other.info.minScore).toBe(minScore);
      expect(other.find(photo)).toEqual(usual.find(photo, { minScore }));
    }
    for (const bad of ["", "half", "-0.1", "1.5", "NaN"])
      expect(() => withThreshold(bad)).toThrow(
        new WeightsError(`The weights' threshold must be a number of 0 to 1, not "${bad}".`),
      );
  });

  it("never grows its memory, and is done when disposed", () => {
    const other = createFinderSync({ maxSide: 64 });
    const { memoryBytes } = other.info;
    expect(memoryBytes).toBeLessThan(createFinderSync({ maxSide: 640 }).info.memoryBytes);
    other.find(photo);
    expect(other.info.memoryBytes).toBe(memoryBytes);
    other[Symbol.dispose]();
    for (const use of [() => other.find(photo), () => other.info])
      expect(use).toThrow("This Finder has been disposed: create another one.");
  });

  it("keeps weights as they are in a file", () => {
    const { tensors } = parseFinderWeights(readFileSync("weights/finder.safetensors"));
    const slopes = [...tensors].filter(([name]) => name.endsWith(".slope")).map(([, t]) => toFloat32(t)[0]!);
    expect(slopes).toHaveLength(11);
    expect(slopes.every((slope) => slope >= 0 && slope <= 1)).toBe(true);
  });
});

describe("landmarkBox", () => {
  it("is a square of 1.08 √(width · height), 0.045 of the height lower", () => {
    const box = landmarkBox({ x: 10, y: 20, width: 90, height: 160 });
    expect(box.width).toBeCloseTo(1.08 * 120);
    expect(box.height).toBe(box.width);
    expect(box.x + box.width / 2).toBeCloseTo(55);
    expect(box.y + box.height / 2).toBeCloseTo(100 + 0.045 * 160);
  });
});

describe("findFaces", () => {
  const finder = createFinderSync();
  const landmarker = createLandmarkerSync();

  /** Faces at the given places, whose boxes the stand-in for the finder proposes. */
  function standIns(found: [x: number, y: number, size: number, score: number][]) {
    const seen: Box[][] = [];
    const shape = [
      [-0.4, -0.4],
      [0.4, -0.4],
      [0, 0],
      [-0.3, 0.4],
      [0.3, 0.4],
    ] as const;
    const detectAll = (_: ImageLike, boxes: readonly Box[]): Face[] => {
      seen.push([...boxes]);
      return boxes.map((box, i) => {
        const [x, y, size, score] = found[i]!;
        const points = shape.map(([dx, dy]) => ({ x: x + dx * size, y: y + dy * size }));
        return { points, normalized: new Float32Array(10), box, score };
      });
    };
    const find = (_: ImageLike, { maxFaces = 100 }: FindOptions = {}) =>
      found.map(([x, y, size]) => ({ x, y, width: size, height: size, score: 0.3 })).slice(0, maxFaces);
    const pair = { finder: { find }, landmarker: { detectAll } } as unknown as Parameters<
      typeof findFaces
    >[1];
    return { pair, seen };
  }

  it("reads the landmark network's boxes, drops what scores low, merges the same face, best first", () => {
    const { pair, seen } = standIns([
      [100, 100, 50, 0.7],
      [104, 98, 55, 0.9], // the same face
      [200, 100, 50, 0.19],
      [300, 100, 50, 0.8],
      [130, 100, 50, 0.6], // a neighbour
    ]);
    const faces = findFaces(photo, pair);
    expect(faces.map(({ score }) => score)).toEqual([0.9, 0.8, 0.6]);
    expect(seen[0]![0]).toEqual(landmarkBox({ x: 100, y: 100, width: 50, height: 50 }));
    expect(findFaces(photo, { ...pair, minScore: 0.85 })).toHaveLength(1);
    expect(findFaces(photo, { ...pair, maxFaces: 2 }).map(({ score }) => score)).toEqual([0.9, 0.8]);
  });

  it("finds as many faces as are wanted, and reads no fewer boxes than by default", () => {
    const { pair, seen } = standIns(
      Array.from({ length: 150 }, (_, i) => [100 * (i % 10), 100 * Math.floor(i / 10), 50, 0.9]),
    );
    expect(findFaces(photo, { ...pair, maxFaces: 150 })).toHaveLength(150);
    expect(findFaces(photo, pair)).toHaveLength(100);
    findFaces(photo, { ...pair, maxFaces: 1 });
    expect(seen.map(({ length }) => length)).toEqual([150, 100, 100]);
  });

  it.each(TIERS)("finds the one face of the sample photo, %s", (simd) => {
    for (const maxSide of [160, 256, 320]) {
      const faces = findFaces(photo, {
        finder: createFinderSync({ simd }),
        landmarker: createLandmarkerSync({ simd }),
        maxSide,
      });
      expect(faces).toHaveLength(1);
      const [{ points, score }] = faces as [Face];
      expect(score).toBeGreaterThan(0.9);
      FACE.forEach(([x, y], i) => {
        // A tenth of the distance of the eyes.
        expect(Math.hypot(points[i]!.x - x, points[i]!.y - y), `point ${i}`).toBeLessThan(4.4);
      });
    }
  });

  it("reads a face of one pixel at the image's corner", () => {
    const half = 0.51;
    const place = half / 8 - 0.5;
    const size = Math.log(half / 12);
    const tiny = everywhere(5, place, place, size, size);
    const image = { data: new Uint8Array(100 * 100), width: 100, height: 100, format: "gray" } as const;
    const { x, width } = tiny.find(image)[0]!;
    expect([x, width]).toEqual([expect.closeTo(0), expect.closeTo(1.02)]);
    expect(findFaces(image, { finder: tiny, landmarker })).toEqual([]);
  });

  it("finds no face in nothing", () => {
    const image = { data: new Uint8Array(100 * 100 * 4), width: 100, height: 100 };
    expect(findFaces(image, { finder, landmarker })).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ["no options", undefined, /Expected { finder, landmarker } for options/],
    ["no finder", { landmarker }, /Expected a Finder .* for options.finder/],
    ["no landmarker", { finder }, /Expected a Landmarker .* for options.landmarker/],
    ["an unknown key", { finder, landmarker, expand: 2 }, /no other keys than finder, landmarker/],
    ["a bad score", { finder, landmarker, minScore: 2 }, /options.minScore/],
    ["a bad side", { finder, landmarker, maxSide: 9999 }, /options.maxSide/],
  ])("refuses %s", (_, options, message) => {
    expect(() => findFaces(photo, options as never)).toThrow(message);
  });
});
