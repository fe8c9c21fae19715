import { describe, expect, it } from "vitest";
import { conv3x3 } from "../reference/network.ts";
import { absolute, transform2d, WINOGRAD, winograd3x3 } from "../reference/winograd.ts";
import { expectWithin, finished, gamma, U } from "../support/bounds.ts";
import { fromMap, toMap, toPanels } from "../support/layout.ts";
import { floats, SLOPES } from "../support/values.ts";
import { Kernels, TIERS } from "../support/wasm.ts";

const abs = (values: Float32Array) => values.map(Math.abs);

// Roundings on the longest way through each 1-D transform, at most: products and sums of the rows of Bᵀ (six terms,
// factored) and of Aᵀ (seven terms).
const INPUT_ROUNDINGS = 8;
const OUTPUT_ROUNDINGS = 8;

it.each([3, 4, 6])("the reference matrices of F(%d, 3) make a convolution", (m) => {
  const input = floats(2 * 12 * 12, 1);
  const weight = floats(2 * 9 * 3, 2);
  const got = winograd3x3(m, WINOGRAD[m]!, input, 12, weight, 3);
  const want = conv3x3(input, 12, weight, new Float32Array(3));
  got.forEach((v, i) => {
    expect(Math.abs(v - want[i]!)).toBeLessThan(1e-12);
  });
});

describe.each(TIERS)("Winograd's kernels, %s", (tier) => {
  const kernels = new Kernels("kernels", tier);

  it.each([
    [6, 48, 4],
    [6, 24, 16],
    [6, 12, 32],
    [6, 6, 8],
    [3, 6, 64],
    [3, 3, 4],
    [3, 9, 12],
  ])("input transform F(%d), size %d, %d channels", (m, size, channels) => {
    const n = m + 2;
    const tiles = size / m;
    const planes = floats(channels * size * size, 3, 3);
    const map = toMap(planes, size, channels);
    const stride = tiles * channels + 16;
    for (let row = 0; row < tiles; row++) {
      const panel = kernels.output(n * n * stride);
      const temp = kernels.output(n * n * 4);
      const input = kernels.input(map) + row * m * (size + 2) * channels * 4;
      const line = (size + 2) * channels * 4;
      kernels.call("winograd_input", m, input, line, tiles, channels, panel, stride * 4, temp);
      const got = kernels.floats(panel, n * n * stride).slice();
      kernels.check();
      for (let tile = 0; tile < tiles; tile++) {
        for (let c = 0; c < channels; c++) {
          const d = Array.from({ length: n }, (_, y) =>
            Array.from(
              { length: n },
              (_, x) => map[((row * m + y) * (size + 2) + tile * m + x) * channels + c]!,
            ),
          );
          const want = transform2d(WINOGRAD[m]!.BT, d).flat();
          const terms = transform2d(
            absolute(WINOGRAD[m]!.BT),
            d.map((line) => line.map(Math.abs)),
          ).flat();
          expectWithin(
            want.map((_, point) => got[point * stride + tile * channels + c]!),
            want,
            terms.map((t) => gamma(2 * INPUT_ROUNDINGS) * t + 2 ** -140),
          );
        }
      }
      // The gap between the points belongs to nobody.
      const gap = got.filter((_, i) => i % stride >= tiles * channels);
      expect(gap.every(Number.isNaN)).toBe(true);
    }
  });

  it.each([
    [64, 32, 4, 3, 16],
    [64, 8, 16, 16, 32],
    [64, 4, 32, 32, 64],
    [25, 4, 64, 64, 64],
    [25, 16, 64, 64, 128],
    [1, 2, 4, 1, 16],
    [3, 6, 8, 5, 48],
  ])("products: %d points, %d tiles, %d channels, K %d, OC %d", (points, tiles, channels, K, outputs) => {
    const stride = tiles * channels + 16;
    const outStride = tiles * outputs + 16;
    const V = floats(points * stride, 4);
    const weights = floats(points * K * outputs, 5);
    const order = Array.from({ length: K }, (_, k) => k);
    const filters = Float32Array.from(
      Array.from({ length: points }, (_, p) => [
        ...toPanels(weights.subarray(p * K * outputs, (p + 1) * K * outputs), outputs, 16, order),
      ]).flat(),
    );
    const output = kernels.output(points * outStride);
    kernels.call(
      "gemm_2x4",
      points,
      kernels.input(V),
      stride * 4,
      K,
      kernels.input(filters),
      output,
      outStride * 4,
      outputs,
      tiles,
    );
    const got = kernels.floats(output, points * outStride).slice();
    kernels.check();
    for (let p = 0; p < points; p++) {
      const want: number[] = [];
      const bound: number[] = [];
      for (let tile = 0; tile < tiles; tile++) {
        for (let o = 0; o < outputs; o++) {
          let sum = 0;
          let terms = 0;
          let single = 0;
          for (let k = 0; k < K; k++) {
            const v = V[p * stride + tile * channels + k]!;
            const u = weights[(p * outputs + o) * K + k]!;
            sum += v * u;
            terms += Math.abs(v * u);
            single = Math.fround(single + Math.fround(v * u));
          }
          want.push(tier === "baseline" ? single : sum);
          bound.push(tier === "baseline" ? Number.MIN_VALUE : gamma(K) * terms + 2 ** -140);
        }
      }
      expectWithin(got.subarray(p * outStride, p * outStride + tiles * outputs), want, bound);
      expect(
        got.subarray(p * outStride + tiles * outputs, (p + 1) * outStride).every(Number.isNaN),
        "gap",
      ).toBe(true);
    }
  });

  it.each([
    [6, 3, 16],
    [6, 16, 32],
    [3, 64, 64],
    [3, 1, 16],
    [6, 5, 48],
  ])("filter transform F(%d), %d → %d channels: the float64 one rounded once", (m, inputs, outputs) => {
    const points = (m + 2) ** 2;
    const weight = floats(outputs * inputs * 9, 6);
    const filters = kernels.output(points * inputs * outputs);
    const temp = kernels.output(2 * (m + 2) * (m + 5) * 4);
    kernels.call("f32_winograd_filter", m, kernels.input(weight), inputs, outputs, filters, temp);
    const got = kernels.floats(filters, points * inputs * outputs).slice();
    kernels.check();
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        const at = (o * inputs + i) * 9;
        const g = [0, 3, 6].map((y) => [...weight.subarray(at + y, at + y + 3)]);
        const want = transform2d(WINOGRAD[m]!.G, g).flat();
        const terms = transform2d(
          absolute(WINOGRAD[m]!.G),
          g.map((line) => line.map(Math.abs)),
        ).flat();
        // One rounding to float32, and some of float64 that can only matter where terms cancel.
        expectWithin(
          want.map((_, p) => got[p * inputs * outputs + (Math.floor(o / 16) * inputs + i) * 16 + (o % 16)]!),
          want,
          want.map((w, p) => U * Math.abs(w) + 2 ** -48 * terms[p]! + 2 ** -149),
        );
      }
    }
  });

  const shapes = [
    ...[
      [6, 48, 4, 3, 16, true],
      [6, 24, 16, 16, 32, true],
      [6, 12, 32, 32, 64, true],
      [3, 6, 64, 64, 64, false],
      [3, 6, 64, 64, 128, false],
    ].map((shape, i) => [...shape, SLOPES[i]]),
    ...SLOPES.flatMap((slope) => [
      [6, 12, 4, 2, 16, true, slope],
      [6, 12, 8, 8, 16, false, slope],
      [3, 12, 4, 4, 16, false, slope],
    ]),
  ] as [number, number, number, number, number, boolean, number][];

  it.each(shapes)(
    "convolution F(%d), size %d, %d channels (%d real) → %d, pooled %s, slope %d",
    (m, size, channels, K, outputs, pooled, slope) => {
      const n = m + 2;
      const tiles = size / m;
      const planes = floats(K * size * size, 7, 2);
      const weight = floats(outputs * K * 9, 8);
      const bias = floats(outputs, 9);
      const scale = floats(outputs, 10, 2);
      const shift = floats(outputs, 11);
      const outSize = pooled ? size / 2 : size;
      const vStride = (tiles * tiles * channels + 16) * 4;
      const mStride = (tiles * tiles * outputs + 16) * 4;
      const map = kernels.input(toMap(planes, size, K, channels));
      const V = kernels.output((n * n * vStride) / 4);
      const M = kernels.output((n * n * mStride) / 4);
      const filters = kernels.output(n * n * K * outputs);
      const params = kernels.input([...bias, ...scale, ...shift, Math.fround(slope)]);
      const output = kernels.output((outSize + 2) ** 2 * outputs);
      const temp = kernels.output(2 * n * (n + 3) * 4);
      kernels.call("f32_winograd_filter", m, kernels.input(weight), K, outputs, filters, temp);
      for (let row = 0; row < tiles; row++) {
        const source = map + row * m * (size + 2) * channels * 4;
        kernels.call(
          "winograd_input",
          m,
          source,
          (size + 2) * channels * 4,
          tiles,
          channels,
          V + row * tiles * channels * 4,
          vStride,
          temp,
        );
      }
      kernels.call("gemm_2x4", n * n, V, vStride, K, filters, M, mStride, outputs, tiles ** 2);
      for (let row = 0; row < tiles; row++) {
        const target = output + ((row * (pooled ? m / 2 : m) + 1) * (outSize + 2) + 1) * outputs * 4;
        kernels.call(
          "winograd_output",
          m,
          M + row * tiles * outputs * 4,
          mStride,
          params,
          target,
          (outSize + 2) * outputs * 4,
          tiles,
          outputs,
          Number(pooled),
          temp,
        );
      }
      const whole = kernels.floats(output, (outSize + 2) ** 2 * outputs).slice();
      kernels.check();
      expect(whole.filter(Number.isNaN).length, "only the border stays").toBe(
        ((outSize + 2) ** 2 - outSize ** 2) * outputs,
      );
      // A term passes through the filter's rounding, two 1-D transforms of the input, a product, a sum of K, two 1-D
      // transforms of the output and the bias.
      const roundings = 1 + 2 * INPUT_ROUNDINGS + K + 2 * OUTPUT_ROUNDINGS + 1;
      const { BT, G, AT } = WINOGRAD[m]!;
      const matrices = { BT: absolute(BT), G: absolute(G), AT: absolute(AT) };
      const terms = winograd3x3(m, matrices, abs(planes), size, abs(weight), outputs);
      const area = size * size;
      const error = terms.map((t, i) => gamma(roundings) * (t + Math.abs(bias[Math.floor(i / area)]!)));
      const { want, bound } = finished(conv3x3(planes, size, weight, bias), error, size, {
        slope: Math.fround(slope),
        scale,
        shift,
        pooled,
      });
      expectWithin(fromMap(whole, outSize, outputs), want, bound);
    },
  );

  it("a NaN inside a tile reaches the whole tile and no other", () => {
    const map = toMap(floats(4 * 144, 12), 12, 4);
    map[(4 * 14 + 4) * 4] = Number.NaN; // inside the first tile, out of reach of the others
    const stride = 2 * 4 * 4;
    const V = kernels.output(64 * 2 * 4);
    const temp = kernels.output(64 * 4);
    kernels.call("winograd_input", 6, kernels.input(map), 14 * 16, 2, 4, V, stride, temp);
    const got = kernels.floats(V, 64 * 8).slice();
    kernels.check();
    for (let i = 0; i < got.length; i++) {
      if (i % 8 >= 4 || i % 4 > 0) expect(got[i], `float ${i}`).not.toBeNaN();
    }
    expect(got.filter(Number.isNaN).length).toBeGreaterThanOrEqual(36);
  });
});
