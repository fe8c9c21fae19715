import { readFileSync } from "node:fs";
import { createLandmarkerSync } from "fivepoint";
import { describe, expect, it } from "vitest";
import { agreement, plausibility } from "../../src/core/score.ts";
import { randomCrops } from "../support/random.ts";

describe("plausibility", () => {
  // By numpy, from the features of weights/train/score.py and the constants of weights/train/SCORE.md: a face that is
  // more and more distorted; the second is mirrored.
  const measured: [number[], number][] = [
    [
      [0.312148, 0.321505, 0.688864, 0.322339, 0.498359, 0.547995, 0.339057, 0.729349, 0.658712, 0.729442],
      0.948584101,
    ],
    [[0.686965, 0.323256, 0.312483, 0.322191, 0.501493, 0.550253, 0.662236, 0.730302, 0.34001, 0.728319], 0],
    [
      [0.306237, 0.31496, 0.691002, 0.320579, 0.514826, 0.529704, 0.339649, 0.720279, 0.668079, 0.708019],
      0.715852607,
    ],
    [
      [0.309363, 0.323782, 0.672357, 0.331532, 0.501787, 0.558069, 0.349272, 0.719401, 0.652342, 0.727167],
      0.924959746,
    ],
    [
      [0.335239, 0.347209, 0.665909, 0.303464, 0.476065, 0.530473, 0.332542, 0.725246, 0.722063, 0.714008],
      0.318778766,
    ],
    [
      [0.304138, 0.335437, 0.658608, 0.310621, 0.5004, 0.571224, 0.3002, 0.770344, 0.649746, 0.734282],
      0.783738054,
    ],
    [
      [0.363625, 0.361328, 0.750754, 0.332072, 0.498823, 0.566989, 0.279937, 0.802051, 0.613797, 0.653585],
      5.1736e-5,
    ],
    [[0.436185, 0.313493, 0.616453, 0.432816, 0.480217, 0.611725, 0.289911, 0.714273, 0.559008, 0.614664], 0],
    [[0.215157, 0.313876, 0.766999, 0.564302, 0.396814, 0.648904, 0.279246, 0.713947, 0.512201, 0.581301], 0],
    [
      [0.234954, 0.202369, 0.686845, 0.251429, 0.62507, 0.563302, 0.356204, 0.842944, 0.712131, 0.725467],
      1.704e-6,
    ],
    [
      [0.294655, 0.29749, 0.902544, 0.478297, 0.573184, 0.707766, 0.230773, 0.831405, 0.377853, 0.998654],
      1e-9,
    ],
    [[0.33081, 0.358359, 0.807077, 0.319738, 0.449178, 0.785957, 0.36283, 0.546026, 0.748232, 0.388176], 0],
  ];

  it.each(measured)("%j → %d", (points, score) => {
    expect(plausibility(points)).toBeCloseTo(score, 7);
  });

  it("is 0 for points that are one, and for eyes that are one", () => {
    expect(plausibility(new Array(10).fill(0.5))).toBe(0);
    expect(plausibility([0.4, 0.4, 0.4, 0.4, 0.5, 0.5, 0.3, 0.7, 0.7, 0.7])).toBe(0);
  });
});

describe("agreement", () => {
  const answer = [0.3, 0.32, 0.7, 0.33, 0.5, 0.55, 0.34, 0.73, 0.66, 0.74];
  const mirror = ([a, b, c, d, e, f, g, h, i, j]: number[]) => [
    1 - c!,
    d!,
    1 - a!,
    b!,
    1 - e!,
    f!,
    1 - i!,
    j!,
    1 - g!,
    h!,
  ];

  it("is 1 where the mirrored answer is the same, and falls with its distance", () => {
    expect(agreement(answer, mirror(answer))).toBeGreaterThan(0.999999);
    const moved = (by: number) => agreement(answer, mirror(answer.map((v, i) => (i % 2 ? v : v + by))));
    // δ = 0.01 / size, size 0.2457: σ(−11.339 − 4.466 · ln 0.0407) = 0.951
    expect(moved(0.01)).toBeCloseTo(0.951, 2);
    expect(moved(0.02)).toBeLessThan(moved(0.01));
    expect(moved(0.3)).toBeLessThan(0.01);
  });
});

describe("options.verify", () => {
  const landmarker = createLandmarkerSync();
  const photo = {
    data: new Uint8Array(48 * 48 * 3 * 20),
    width: 48,
    height: 48 * 20,
    format: "bgr",
  } as const;
  photo.data.set(randomCrops(20, 6));
  const boxes = Array.from({ length: 20 }, (_, i) => ({ x: 0, y: 48 * i, width: 48, height: 48 }));

  it("changes the scores alone, in any number of faces", () => {
    const once = landmarker.detectAll(photo, boxes);
    const twice = landmarker.detectAll(photo, boxes, { verify: true });
    expect(twice.map(({ score, ...rest }) => rest)).toEqual(once.map(({ score, ...rest }) => rest));
    const alone = boxes.map((box) => landmarker.detect(photo, box, { verify: true }));
    expect(alone).toEqual(twice);
    // What isn't a face gets another answer in the mirror.
    const mean = (faces: { score: number }[]) =>
      faces.reduce((sum, { score }) => sum + score / faces.length, 0);
    expect(mean(twice)).toBeLessThan(0.2);
  });

  it("scores by the answer to the mirrored picture", () => {
    const crop = photo.data.subarray(0, 6912);
    const mirrored = new Uint8Array(6912);
    for (let i = 0; i < 48 * 48; i++) {
      const to = i - (i % 48) + 47 - (i % 48);
      mirrored.set(crop.subarray(3 * i, 3 * i + 3), 3 * to);
    }
    const want = agreement(landmarker.run(crop), landmarker.run(mirrored));
    expect(landmarker.detect(photo, boxes[0], { verify: true }).score).toBe(want);
  });

  it("finds the sample photo's face to be one", async () => {
    const sharp = (await import("sharp")).default;
    const { data, info } = await sharp("examples/astronaut.jpg")
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const [x, y, width, height] = readFileSync("examples/astronaut.csv", "utf8")
      .trim()
      .split("\n")[1]!
      .split(",")
      .slice(1)
      .map(Number);
    const image = { data, width: info.width, height: info.height, format: "rgb" } as const;
    const box = { x: x!, y: y!, width: width!, height: height! };
    expect(landmarker.detect(image, box, { verify: true }).score).toBeGreaterThan(0.6);
    expect(landmarker.detect(image, box).score).toBeGreaterThan(0.3);
  });

  it("must be a boolean", () => {
    expect(() => landmarker.detect(photo, boxes[0], { verify: 1 as never })).toThrow(/options\.verify/);
  });
});
