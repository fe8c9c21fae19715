/** Alignment against scikit-image's transforms and the real OpenCV's warpAffine (test/fixtures/make_align.py). */
import { readFileSync } from "node:fs";
import {
  type AlignOptions,
  alignFace,
  ffhqTemplate,
  type ImageLike,
  type Matrix,
  type Point,
  similarityTransform,
} from "fivepoint";
import { describe, expect, it } from "vitest";
import fixture from "../fixtures/align.json" with { type: "json" };
import { bgrImage, convert, ORDER } from "../support/images.ts";
import { random } from "../support/random.ts";

const chips = new Uint8Array(readFileSync("test/fixtures/align.bin"));

const toPoints = (pairs: number[][]): Point[] => pairs.map(([x, y]) => ({ x: x!, y: y! }));
const apply = ([a, b, tx, c, d, ty]: Matrix, { x, y }: Point): Point => ({
  x: a * x + b * y + tx,
  y: c * x + d * y + ty,
});

const replaced = (points: Point[], index: number, point: unknown) =>
  points.map((each, i) => (i === index ? (point as Point) : each));

/** Sum of squared distances between `to` and `from` brought over by a scale, an angle and a translation. */
const residual = (from: Point[], to: Point[], matrix: Matrix) =>
  from.reduce((sum, point, i) => {
    const { x, y } = apply(matrix, point);
    return sum + (x - to[i]!.x) ** 2 + (y - to[i]!.y) ** 2;
  }, 0);

describe("similarityTransform", () => {
  const cases = fixture.transforms.map((each) => ({
    from: toPoints(each.from),
    to: toPoints(each.to),
    matrix: each.matrix as unknown as Matrix,
  }));

  /** How far one transform carries the points from where another does, in parts of the points' extent. */
  const difference = (one: Matrix, other: Matrix, points: Point[], extent: number) =>
    Math.max(
      ...points.map((point) => {
        const [p, q] = [apply(one, point), apply(other, point)];
        return Math.hypot(p.x - q.x, p.y - q.y) / extent;
      }),
    );

  it.each(cases.map((each, i) => ({ ...each, i })))(
    "equals scikit-image: case $i",
    ({ from, to, matrix }) => {
      const size = Math.max(...[...from, ...to].map(({ x, y }) => Math.hypot(x, y)));
      expect(difference(similarityTransform(from, to).matrix, matrix, from, size)).toBeLessThan(1e-12);
    },
  );

  it("describes one transform by matrix, inverse, scale and rotation", () => {
    for (const { from, to } of cases) {
      const { matrix, inverse, scale, rotation } = similarityTransform(from, to);
      const [a, b, , c, d] = matrix;
      expect(a).toBeCloseTo(scale * Math.cos(rotation), 10);
      expect(c).toBeCloseTo(scale * Math.sin(rotation), 10);
      expect([b, d]).toEqual([-c, a]);
      expect(scale).toBeGreaterThan(0);
      const extent = Math.max(...from.map(({ x, y }) => Math.hypot(x, y)));
      for (const point of from) {
        const back = apply(inverse, apply(matrix, point));
        expect(Math.hypot(back.x - point.x, back.y - point.y) / extent).toBeLessThan(1e-9);
      }
    }
  });

  it("finds the transform that the points were made by", () => {
    const next = random(5);
    const from = Array.from({ length: 5 }, () => ({ x: 90 * next(), y: 90 * next() }));
    for (const [scale, degrees] of [
      [0.02, 0],
      [1, 90],
      [3, -179],
      [40, 30],
    ] as const) {
      const rotation = (degrees / 180) * Math.PI;
      const [a, c] = [scale * Math.cos(rotation), scale * Math.sin(rotation)];
      const to = from.map((point) => apply([a, -c, 7, c, a, -300], point));
      const found = similarityTransform(from, to);
      expect(found.scale).toBeCloseTo(scale, 10);
      expect(found.rotation).toBeCloseTo(rotation, 10);
      expect(residual(from, to, found.matrix)).toBeLessThan(1e-20 * (1 + scale ** 2) * 1e5);
    }
  });

  it("never mirrors, and is the best of those that don't", () => {
    const to = toPoints(fixture.transforms[0]!.to);
    const from = to.map(({ x, y }) => ({ x: -x, y }));
    const best = similarityTransform(from, to);
    const [a, b, tx, c, d, ty] = best.matrix;
    expect(a * d - b * c).toBeGreaterThan(0);
    const least = residual(from, to, best.matrix);
    const next = random(6);
    for (let i = 0; i < 200; i++) {
      const [p, q, u, v] = Array.from({ length: 4 }, () => 0.02 * (next() - 0.5)) as [
        number,
        number,
        number,
        number,
      ];
      expect(residual(from, to, [a + p, b - q, tx + 50 * u, c + q, d + p, ty + 50 * v])).toBeGreaterThan(
        least,
      );
    }
  });

  const face = toPoints(fixture.transforms[0]!.from);
  const square = toPoints([
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ]);
  it.each<[string, unknown, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ["no array", 3, face, TypeError, /array of points.*for from.*3/],
    ["no points", [], [], RangeError, /two points for from/],
    ["one point", face.slice(1, 2), face.slice(1, 2), RangeError, /two points for from/],
    ["different counts", face, face.slice(1), RangeError, /5 points.* for to/],
    [
      "NaN",
      face,
      replaced(face, 2, { x: 1, y: Number.NaN }),
      RangeError,
      /finite number for to\[2\]\.y.*NaN/,
    ],
    [
      "infinite",
      replaced(face, 4, { x: Number.POSITIVE_INFINITY, y: 0 }),
      face,
      RangeError,
      /from\[4\]\.x.*Infinity/,
    ],
    [
      "a string in place of a number",
      replaced(face, 0, { x: "1", y: 2 }),
      face,
      RangeError,
      /from\[0\]\.x.*"1"/,
    ],
    ["a hole", replaced(face, 1, undefined), face, TypeError, /from\[1\].*undefined/],
    ["pairs", fixture.transforms[0]!.from, face, RangeError, /from\[0\]\.x.*undefined/],
    ["all in one place", Array(5).fill({ x: 0.1, y: 1 / 3 }), face, RangeError, /determine a similarity/],
    ["on to one place", face, Array(5).fill({ x: 0.1, y: 1 / 3 }), RangeError, /determine a similarity/],
    [
      "no rotation nearer than another",
      square,
      square.map(({ x, y }) => ({ x: -x, y })),
      RangeError,
      /determine/,
    ],
    ["too far for numbers", face.map(({ x, y }) => ({ x: x * 1e200, y })), face, RangeError, /determine/],
  ])("refuses %s", (_, from, to, type, message) => {
    const call = () => similarityTransform(from as Point[], to as Point[]);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

describe("alignFace", () => {
  let offset = 0;
  const cases = fixture.faces.map((each, i) => {
    const want = chips.subarray(offset, offset + each.bytes);
    offset += each.bytes;
    const { template, border, antialias } = each;
    const options = {
      ...{ border, antialias },
      template:
        typeof template === "string"
          ? template
          : {
              points: toPoints(template.points),
              size: { width: template.size[0], height: template.size[1] },
            },
    } as AlignOptions;
    return { ...each, i, want, options, points: toPoints(each.points) };
  });

  it.each(cases)(
    "equals OpenCV: $kind $width×$height, $border, antialias $antialias, case $i",
    ({ want, options, points, ...each }) => {
      const bgr = bgrImage(each);
      const chip = alignFace({ ...each, data: bgr, format: "bgr" }, points, options);
      expect(chip.data.length).toBe(chip.width * chip.height * 3);
      expect(chip.format).toBe("bgr");
      each.matrix.forEach((value, k) => {
        expect(chip.matrix[k]).toBeCloseTo(value, 9);
      });
      expect(chip.data).toEqual(want);
    },
  );

  it("leaves faces that are shrunk by less than 2 to the warp, and shrinks the others unless told not to", () => {
    const photo = { kind: "noise", width: 300, height: 300, seed: 2 };
    const image = convert(bgrImage(photo), photo, "bgr");
    const { points: to } = ffhqTemplate(112);
    for (const [shrunk, isSame] of [
      [1.95, true],
      [2.05, false],
    ] as const) {
      const points = to.map(({ x, y }) => ({ x: 20 + shrunk * x, y: 20 + shrunk * y }));
      const [plain, auto, on] = [false, undefined, true].map(
        (antialias) => alignFace(image, points, { antialias, template: ffhqTemplate(112) }).data,
      );
      expect(auto).toEqual(on);
      expect(Buffer.from(plain!).equals(Buffer.from(on!))).toBe(isSame);
    }
  });

  it("carries points there and back", () => {
    for (const { points, options, ...each } of cases.slice(0, 4)) {
      const { matrix, inverse } = alignFace(
        { ...each, data: bgrImage(each), format: "bgr" },
        points,
        options,
      );
      for (const point of points) {
        const { x, y } = apply(inverse, apply(matrix, point));
        expect(x).toBeCloseTo(point.x, 8);
        expect(y).toBeCloseTo(point.y, 8);
      }
    }
  });

  it("keeps the format, whatever the stride and the offset of the data", () => {
    const [{ want, options, points, ...each }] = cases as [(typeof cases)[0]];
    const bgr = bgrImage(each);
    for (const format of ["rgba", "rgb", "bgra", "gray"] as const) {
      const chip = alignFace(convert(bgr, each, format, 5, 3), points, options);
      expect(chip).toMatchObject({ width: 112, height: 112, format });
      const order = ORDER[format];
      const colours = want.reduce<number[]>((all, _, i) => {
        if (i % 3 === 0) all.push(...order.map((c) => (c < 0 ? -1 : want[i + c]!)));
        return all;
      }, []);
      const pixels = Array.from(chip.data, (byte, i) => (order[i % order.length]! < 0 ? -1 : byte));
      expect(pixels, format).toEqual(colours);
    }
  });

  it("makes what lies outside the image transparent, in the image's kind of array", () => {
    const data = new Uint8ClampedArray(40 * 30 * 4).fill(255);
    const face = toPoints([
      [2, 5],
      [9, 5],
      [6, 9],
      [3, 13],
      [8, 13],
    ]);
    const chip = alignFace({ data, width: 40, height: 30 }, face);
    expect(chip.data).toBeInstanceOf(Uint8ClampedArray);
    expect(chip.format).toBe("rgba");
    expect([...chip.data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...chip.data.subarray(-4)]).toEqual([255, 255, 255, 255]);
    expect(alignFace({ data: Buffer.from(data), width: 40, height: 30 }, face).data.constructor).toBe(
      Uint8Array,
    );
  });

  it("shares nothing with the image", () => {
    const data = new Uint8Array(33 * 31 * 3).fill(9);
    const points = toPoints([
      [8, 8],
      [24, 8],
      [16, 16],
      [8, 24],
      [24, 24],
    ]);
    const template = { points, size: { width: 33, height: 31 } };
    const chip = alignFace({ data, width: 33, height: 31, format: "bgr" }, points, { template });
    data.fill(1);
    expect(chip.data.every((byte) => byte === 9)).toBe(true);
  });

  it("reads no byte between the rows or behind the last one", () => {
    const image = {
      data: new Uint8Array(3 * 20 + 10).fill(50),
      width: 10,
      height: 4,
      stride: 20,
      format: "gray" as const,
    };
    const inside = Uint8Array.from(image.data, (_, i) => (i % 20 < 10 ? 50 : 200));
    const points = toPoints([
      [2, 0],
      [7, 0],
      [5, 2],
      [2, 3],
      [7, 3],
    ]);
    expect(alignFace({ ...image, data: inside }, points).data).toEqual(alignFace(image, points).data);
  });

  const image: ImageLike = { data: new Uint8Array(300), width: 10, height: 10, format: "rgb" };
  const face = toPoints([
    [2, 2],
    [7, 2],
    [5, 5],
    [2, 8],
    [7, 8],
  ]);
  const template = { points: face, size: { width: 10, height: 10 } };
  it.each<[string, unknown, unknown, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ["no image", undefined, face, {}, TypeError, /image/],
    ["an image of other data", { ...image, data: [] }, face, {}, TypeError, /image\.data/],
    ["too little data", { ...image, height: 11 }, face, {}, RangeError, /image\.data/],
    ["four points", image, face.slice(1), {}, RangeError, /5 points for points.*4/],
    ["no points", image, undefined, {}, TypeError, /array of points/],
    [
      "points in fractions of the image",
      image,
      face.map(({ x, y }) => ({ x: x / 10, y: y / 10 })),
      {},
      RangeError,
      /pixels, not fractions of the sides \(10 × 10\) for points.*\(0\.2, 0\.2\)/,
    ],
    [
      "a template in fractions of its size",
      image,
      face,
      { template: { ...template, points: face.map(({ x, y }) => ({ x: x / 10, y: y / 10 })) } },
      RangeError,
      /pixels, not fractions of the sides \(10 × 10\) for options\.template\.points/,
    ],
    ["points in one place", image, Array(5).fill({ x: 3, y: 3 }), {}, RangeError, /determine/],
    ["another name", image, face, { template: "arcface" }, TypeError, /"arcface112".*"arcface"/],
    ["an unknown option", image, face, { size: 112 }, TypeError, /template.*"size"/],
    ["options that are none", image, face, "arcface112", TypeError, /options.*"arcface112"/],
    ["an inherited name", image, face, { template: "toString" }, TypeError, /"arcface112".*"toString"/],
    [
      "another border",
      image,
      face,
      { border: "wrap" },
      TypeError,
      /"replicate" or 3 whole numbers.*options\.border.*"wrap"/,
    ],
    [
      "a colour of another format",
      image,
      face,
      { border: [1, 2, 3, 4] },
      RangeError,
      /\(a pixel, rgb\).*4\]/,
    ],
    ["a colour beyond bytes", image, face, { border: [1, 256, 3] }, RangeError, /options\.border.*256/],
    ["a word for antialias", image, face, { antialias: "on" }, TypeError, /boolean.*antialias.*"on"/],
    ["a template of null", image, face, { template: null }, TypeError, /options\.template.*null/],
    [
      "a template of two points",
      image,
      face,
      { template: { ...template, points: face.slice(3) } },
      RangeError,
      /options\.template\.points/,
    ],
    [
      "a template without a size",
      image,
      face,
      { template: { points: face } },
      TypeError,
      /options\.template\.size/,
    ],
    [
      "a size of 0",
      image,
      face,
      { template: { ...template, size: { width: 0, height: 9 } } },
      RangeError,
      /size\.width.*0/,
    ],
    [
      "half a pixel",
      image,
      face,
      { template: { ...template, size: { width: 9, height: 8.5 } } },
      RangeError,
      /size\.height.*8\.5/,
    ],
    [
      "a vast size",
      image,
      face,
      { template: { ...template, size: { width: 1e9, height: 9 } } },
      RangeError,
      /size\.width/,
    ],
  ])("refuses %s", (_, image, points, options, type, message) => {
    const call = () => alignFace(image as ImageLike, points as Point[], options as AlignOptions);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  it("gives a black picture of points far from the image", () => {
    const white = { ...image, data: new Uint8Array(300).fill(255) };
    for (const shift of [1e3, -1e6, 1e12, 1e15]) {
      const far = face.map(({ x, y }) => ({ x: x + shift, y }));
      expect(alignFace(white, far).data.every((byte) => byte === 0)).toBe(true);
    }
  });
});

describe("ffhqTemplate", () => {
  it("is FFHQ's square, scaled, with a margin around it", () => {
    const whole = ffhqTemplate();
    expect(whole.size).toEqual({ width: 512, height: 512 });
    expect(whole.points[0]).toEqual({ x: 192.98138, y: 239.94708 });
    const small = ffhqTemplate(256, 0.25);
    expect(small.size).toEqual({ width: 256, height: 256 });
    // The square takes the middle 128 of 256 pixels.
    whole.points.forEach(({ x, y }, i) => {
      expect(small.points[i]!.x).toBeCloseTo(64 + x / 4, 10);
      expect(small.points[i]!.y).toBeCloseTo(64 + y / 4, 10);
    });
  });

  it.each<[unknown, unknown, RegExp]>([
    [0, 0, /size.*0\./],
    ["512", 0, /size.*"512"/],
    [8193, 0, /size.*8193/],
    [512, 0.5, /margin.*0\.5\.$/],
    [512, "0.1", /margin.*"0\.1"/],
    [512, Number.NaN, /margin.*NaN/],
  ])("refuses size %j, margin %j", (size, margin, message) => {
    const call = () => ffhqTemplate(size as number, margin as number);
    expect(call).toThrow(RangeError);
    expect(call).toThrow(message);
  });
});
