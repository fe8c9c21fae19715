/** Shrinking by area against the real OpenCV (test/fixtures/make_shrink.py) and the float64 reference. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { shrinkByArea } from "../../src/core/area.ts";
import { checkImage } from "../../src/core/image.ts";
import fixture from "../fixtures/shrink.json" with { type: "json" };
import { shrink } from "../reference/shrink.ts";
import { bgrImage, convert, ORDER } from "../support/images.ts";

const opencv = new Uint8Array(readFileSync("test/fixtures/shrink.bin"));
let end = 0;
const cases = fixture.cases.map((each) => {
  const start = end;
  end += each.to[0]! * each.to[1]! * 3;
  return { ...each, want: opencv.subarray(start, end) };
});

it.each(cases)("is the mean, as OpenCV's: $kind $width×$height to $to", ({ want, ...each }) => {
  const [width, height] = each.to as [number, number];
  const bgr = bgrImage(each);
  const exact = shrink(bgr, each, { width, height }, 3);
  // Weights and sums are rounded to 24 bits: of n rows, each of a product, at most 255 · n · 2⁻²³ of the mean.
  const bound = 255 * (Math.ceil(each.height / height) + 3) * 2 ** -23;
  for (const [format, gap, offset] of [
    ["bgr", 0, 0],
    ["rgba", 7, 1],
    ["bgra", 0, 3],
    ["gray", 2, 1],
  ] as const) {
    const shrunk = shrinkByArea(checkImage(convert(bgr, each, format, gap, offset)), { width, height });
    const order = ORDER[format];
    expect(shrunk).toMatchObject({ width, height, format, stride: width * order.length });
    expect(shrunk.data).toHaveLength(width * height * order.length);
    const colours = Array.from(shrunk.data, (value, i) => ({ value, c: order[i % order.length]!, i }));
    const apart = (from: ArrayLike<number>) =>
      Math.max(
        ...colours.map(({ value, c, i }) =>
          c < 0 ? 0 : Math.abs(value - from[Math.floor(i / order.length) * 3 + c]!),
        ),
      );
    expect(apart(exact), format).toBeLessThanOrEqual(0.5 + bound);
    expect(apart(want), format).toBeLessThanOrEqual(1);
    expect(colours.filter(({ value, c }) => c < 0 && value !== 200)).toEqual([]); // alpha is shrunk too
  }
});
