/** Reading faces around points that are known. */
import { createLandmarkerSync, type Face, type ImageLike } from "fivepoint";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";

const box = { x: 140, y: 67, width: 106, height: 112 };
const landmarker = createLandmarkerSync();
let photo: ImageLike;
let face: Face;
beforeAll(async () => {
  const { data, info } = await sharp("examples/astronaut.jpg").raw().toBuffer({ resolveWithObject: true });
  photo = { data: new Uint8Array(data), width: info.width, height: info.height, format: "rgb" };
  face = landmarker.detect(photo, box);
});

/** The face with its points moved. */
const moved = (x: number, y = 0) => ({ points: face.points.map((p) => ({ x: p.x + x, y: p.y + y })) });

describe("detectAround", () => {
  it("is the second reading of refine", () => {
    const wide = { x: 100, y: 20, width: 200, height: 200 };
    const refined = landmarker.detect(photo, wide, { refine: true });
    const first = landmarker.detect(photo, wide);
    const second = landmarker.detectAround(photo, [first])[0]!;
    expect(refined.box).toEqual(second.box);
    expect(second.score).toBeGreaterThan(first.score); // or the score would be the first's
    expect(refined.score).toBe(second.score);
    const [one, two] = [first, second].map(({ score }) => score / (1.001 - score)) as [number, number];
    refined.points.forEach(({ x, y }, i) => {
      expect(x).toBeCloseTo((one * first.points[i]!.x + two * second.points[i]!.x) / (one + two), 3);
      expect(y).toBeCloseTo((one * first.points[i]!.y + two * second.points[i]!.y) / (one + two), 3);
    });
  });

  it("finds a face again that has moved by a fifth of its width", () => {
    const [found] = landmarker.detectAround(photo, [moved(15, 15)]);
    const error = found!.points.reduce((sum, p, k) => {
      return sum + Math.hypot(p.x - face.points[k]!.x, p.y - face.points[k]!.y) / 5;
    }, 0);
    expect(error).toBeLessThan((15 * Math.SQRT2) / 5); // pixels: nearer by five times than the points given
  });

  it("is the same for one face and for many, more than a batch, some of which can't be read", () => {
    const flat = { points: face.points.map(() => ({ x: 50, y: 60 })) };
    const far = moved(1e9);
    const faces = Array.from({ length: 40 }, (_, i) =>
      i % 7 === 3 ? flat : i % 7 === 5 ? far : moved(i / 4),
    );
    const found = landmarker.detectAround(photo, faces);
    expect(found).toEqual(faces.flatMap((each) => landmarker.detectAround(photo, [each])));
    expect(found.map((each) => each === undefined)).toEqual(faces.map((_, i) => [3, 5].includes(i % 7)));
    expect(landmarker.detectAround(photo, [])).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ["no array", undefined, /an array of faces for faces, but received undefined/],
    ["no face", [undefined], /for faces\[0\], but received undefined/],
    ["a hole", new Array(1), /for faces\[0\], but received undefined/],
    ["four points", [{ points: [1, 2, 3, 4] }], /5 points for faces\[0\]\.points/],
    ["a point that isn't", [{ points: Array(5).fill(null) }], /a point .* for faces\[0\]\.points\[0\]/],
    [
      "NaN",
      [{ points: Array(5).fill({ x: Number.NaN, y: 3 }) }],
      /finite number for faces\[0\]\.points\[0\]\.x/,
    ],
    ["fractions", [{ points: Array(5).fill({ x: 0.5, y: 0.5 }) }], /pixels, not fractions/],
  ])("refuses %s and goes on", (_, faces, message) => {
    expect(() => landmarker.detectAround(photo, faces as never)).toThrow(message);
    expect(landmarker.detectAround(photo, [face])[0]!.score).toBeGreaterThan(0.9);
  });

  it("throws once disposed", () => {
    const other = createLandmarkerSync();
    other.dispose();
    expect(() => other.detectAround(photo, [face])).toThrow("This Landmarker has been disposed");
  });
});
