import { describe, expect, it } from "vitest";
import * as reference from "../reference/finder.ts";
import { random } from "../support/random.ts";
import { Kernels, TIERS } from "../support/wasm.ts";

/** Of the map that a head reads. */
const CHANNELS = 32;

describe.each(TIERS)("decode, %s", (tier) => {
  const kernels = new Kernels("finder", tier);

  /** What the module finds in a head of random outputs, and what the reference does, row by row. */
  function decoded(width: number, height: number, stride: reference.Stride, minScore: number, spread = 6) {
    const next = random(width + 31 * height + stride);
    // Output k is channel k of the cell, so that the map itself says what is decoded.
    const weights = new Float32Array(16 * (CHANNELS + 1));
    for (let k = 0; k < 5; k++) weights[k * CHANNELS + k] = 1;
    const [row, rows] = [(Math.ceil(width / 6) * 6 + 2) * CHANNELS, Math.ceil(height / 6) * 6 + 2];
    const map = Float32Array.from({ length: row * rows }, () => spread * (2 * next() - 1));
    const data = new Float64Array(5 * width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let k = 0; k < 5; k++)
          data[(k * height + y) * width + x] = map[(y + 1) * row + (x + 1) * CHANNELS + k]!;
    const output = kernels.output(width * height * 5);
    const minLogit = Math.log(minScore / (1 - minScore)) - 0.001;
    const end = kernels.call(
      "decodeCells",
      kernels.input(map),
      kernels.input(weights),
      width,
      height,
      stride,
      minScore,
      minLogit,
      output,
    );
    const got = kernels.floats(output, (end - output) / 4).slice();
    kernels.check();
    const empty = { data: new Float64Array(0), width: 0, height: 0 };
    const maps = new Map(
      reference.STRIDES.map((s) => [`head${s}`, s === stride ? { data, width, height } : empty]),
    );
    return { got, want: reference.decode(maps).filter(({ score }) => Math.fround(score) >= minScore) };
  }

  it.each([
    [1, 1, 8, 0],
    [10, 8, 32, 0],
    [7, 5, 16, 0.5],
    [40, 30, 8, 0.02],
    [13, 3, 8, 0.99],
    [4, 4, 8, 1],
  ] as const)("%d × %d cells of stride %d, at least %d", (width, height, stride, minScore) => {
    const { got, want } = decoded(width, height, stride, minScore);
    expect(got.length / 5).toBe(want.length);
    want.forEach(({ score, left, top, right, bottom }, i) => {
      // Rounded once, from sums of a centre and half a side.
      for (const [k, value] of [score, left, top, right, bottom].entries())
        expect(Math.abs(got[5 * i + k]! - value)).toBeLessThanOrEqual(2 ** -23 * (1 + Math.abs(value)));
    });
  });

  it("scores of outputs of any size lie in 0..1", () => {
    const { got } = decoded(20, 20, 8, 0, 1e5);
    for (let i = 0; i < got.length; i += 5) expect(got[i]! >= 0 && got[i]! <= 1).toBe(true);
    expect(got.every(Number.isFinite)).toBe(true);
    expect(got.length).toBe(20 * 20 * 5);
  });
});
