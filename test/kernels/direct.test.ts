import { describe, expect, it } from "vitest";
import { conv3x3, dense, depthwise } from "../reference/network.ts";
import { conv3x3Single, denseSingle, depthwiseSingle } from "../reference/single.ts";
import { expectWithin, finished, gamma } from "../support/bounds.ts";
import { fromMap, toMap, toPanels } from "../support/layout.ts";
import { floats, SLOPES } from "../support/values.ts";
import { Kernels, TIERS } from "../support/wasm.ts";

const abs = (values: Float32Array) => values.map(Math.abs);

const paramsOf = (outputs: number, slope: number, seed: number) => ({
  bias: floats(outputs, seed),
  slope: Math.fround(slope),
  scale: floats(outputs, seed + 1, 2),
  shift: floats(outputs, seed + 2),
});

const packed = (params: ReturnType<typeof paramsOf>) => [
  ...params.bias,
  ...params.scale,
  ...params.shift,
  params.slope,
  ...[0, 0, 0],
];

/** [3][3][IC] out of [IC][3][3]. */
const tapMajor = (inputs: number) =>
  Array.from({ length: 9 * inputs }, (_, i) => (i % inputs) * 9 + Math.floor(i / inputs));

describe.each(TIERS)("direct kernels, %s", (tier) => {
  const kernels = new Kernels("kernels", tier);

  /** Runs the convolution; planes, weight and params as the references take them. */
  const conv = (
    planes: Float32Array,
    size: number,
    weight: Float32Array,
    params: ReturnType<typeof paramsOf>,
    pooled: boolean,
  ) => {
    const outputs = params.bias.length;
    const inputs = weight.length / outputs / 9;
    const outSize = pooled ? size / 2 : size;
    const output = kernels.output((outSize + 2) ** 2 * outputs);
    const map = toMap(planes, size, inputs);
    kernels.call(
      "f32_conv3x3_2x2x8",
      kernels.input(map),
      kernels.input([...packed(params), ...toPanels(weight, outputs, 8, tapMajor(inputs))]),
      output,
      size,
      size,
      inputs,
      outputs,
      Number(pooled),
    );
    const whole = kernels.floats(output, (outSize + 2) ** 2 * outputs).slice();
    kernels.check();
    expect(whole.filter(Number.isNaN).length, "the border stays untouched").toBeGreaterThanOrEqual(
      ((outSize + 2) ** 2 - outSize ** 2) * outputs,
    );
    return { map, got: fromMap(whole, outSize, outputs) };
  };

  const shapes = [
    ...[
      [48, 4, 16, true],
      [24, 16, 32, true],
      [12, 32, 64, true],
      [6, 64, 64, false],
      [6, 64, 128, false],
    ].map((shape, i) => [...shape, SLOPES[i]]),
    ...SLOPES.flatMap((slope) => [
      [2, 1, 8, true, slope],
      [4, 3, 16, true, slope],
      [2, 5, 8, false, slope],
      [8, 2, 24, false, slope],
    ]),
  ] as [number, number, number, boolean, number][];

  it.each(shapes)(
    "conv %d×· of %d → %d channels, pooled %s, slope %d",
    (size, inputs, outputs, pooled, slope) => {
      const planes = floats(size * size * inputs, 1, 3);
      const weight = floats(9 * inputs * outputs, 2);
      const params = paramsOf(outputs, slope, 3);
      const { map, got } = conv(planes, size, weight, params, pooled);
      // A sum of 9·IC products and the bias: each term passes through at most 9·IC + 1 roundings.
      const terms = conv3x3(abs(planes), size, abs(weight), abs(params.bias));
      const error = terms.map((t) => gamma(9 * inputs + 1) * t);
      const { want, bound } = finished(conv3x3(planes, size, weight, params.bias), error, size, {
        ...params,
        pooled,
      });
      expectWithin(got, want, bound);
      if (tier === "baseline") {
        expect(Float32Array.from(got)).toEqual(conv3x3Single(map, size, weight, params, pooled));
      }
    },
  );

  it.each([true, false])("conv keeps NaN where its window has one and nowhere else, pooled %s", (pooled) => {
    const size = 8;
    const planes = floats(size * size * 2, 4);
    planes[3 * size + 3] = Number.NaN;
    const { got } = conv(planes, size, floats(9 * 2 * 8, 5), paramsOf(8, 0.25, 6), pooled);
    const side = pooled ? 4 : 8;
    got.forEach((v, i) => {
      const x = i % side;
      const y = Math.floor(i / side) % side;
      const near = (p: number) => (pooled ? p === 1 || p === 2 : p >= 2 && p <= 4);
      expect(Number.isNaN(v), `pixel ${y}, ${x}`).toBe(near(x) && near(y));
    });
  });

  const widths = [
    [128, 256, 0.25],
    [256, 64, -0.5],
    [64, 32, 1],
    ...SLOPES.map((slope) => [1, 32, slope]),
    [3, 64, 0.25],
  ] as [number, number, number][];

  it.each(widths)("dense %d → %d, slope %d", (inputs, outputs, slope) => {
    const input = floats(inputs, 7, 3);
    const weight = floats(inputs * outputs, 8);
    const params = paramsOf(outputs, slope, 9);
    const output = kernels.output(outputs);
    const order = Array.from({ length: inputs }, (_, i) => i);
    kernels.call(
      "f32_dense_32",
      kernels.input(input),
      kernels.input([...packed(params), ...toPanels(weight, outputs, 32, order)]),
      output,
      inputs,
      outputs,
    );
    const got = kernels.floats(output, outputs).slice();
    kernels.check();
    const terms = dense(abs(input), abs(weight), abs(params.bias));
    const error = terms.map((t) => gamma(inputs + 1) * t);
    const { want, bound } = finished(dense(input, weight, params.bias), error, 1, params);
    expectWithin(got, want, bound);
    if (tier === "baseline") expect(got).toEqual(denseSingle(input, weight, params));
  });

  it.each(SLOPES.flatMap((slope) => [8, 24, 128].map((channels) => [channels, slope])))(
    "depthwise 6×6 of %d channels, slope %d",
    (channels, slope) => {
      const input = floats(channels * 36, 10, 3);
      const weight = floats(channels * 36, 11);
      const params = paramsOf(channels, slope, 12);
      const output = kernels.output(channels);
      const taps = weight.map((_, i) => weight[(i % channels) * 36 + Math.floor(i / channels)]!);
      kernels.call(
        "f32_depthwise6x6_8",
        kernels.input(toMap(input, 6, channels)),
        kernels.input([...packed(params), ...taps]),
        output,
        channels,
      );
      const got = kernels.floats(output, channels).slice();
      kernels.check();
      const terms = depthwise(abs(input), abs(weight), abs(params.bias));
      const error = terms.map((t) => gamma(37) * t);
      const { want, bound } = finished(depthwise(input, weight, params.bias), error, 1, params);
      expectWithin(got, want, bound);
      if (tier === "baseline") expect(got).toEqual(depthwiseSingle(input, weight, params));
    },
  );

  it.each([
    [48, 48],
    [4, 7],
    [64, 3],
  ])("the input stage maps every byte of every channel, %d×%d", (width, height) => {
    const bytes = 3 * width * height;
    const crop = Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + Math.floor(i / 256)) % 256);
    const scale = floats(3, 13, 0.02);
    const shift = floats(3, 14, 2);
    const input = kernels.output(bytes / 4 + 1);
    new Uint8Array(kernels.memory, input, bytes).set(crop);
    const size = (height + 2) * (width + 2) * 4;
    const output = kernels.output(size);
    const params = kernels.input([...scale, 0, ...shift, 0]);
    kernels.call("f32_affine_input", input, params, output, width, height);
    const map = kernels.floats(output, size).slice();
    kernels.check();
    for (let i = 0; i < size; i++) {
      const [c, x, y] = [i % 4, (Math.floor(i / 4) % (width + 2)) - 1, Math.floor(i / 4 / (width + 2)) - 1];
      if (x < 0 || y < 0 || x >= width || y >= height) {
        expect(map[i], `border, ${y}, ${x}`).toBeNaN();
        continue;
      }
      const terms = c < 3 ? [crop[(y * width + x) * 3 + c]! * scale[c]!, shift[c]!] : [0, 0];
      const bound = gamma(2) * (Math.abs(terms[0]!) + Math.abs(terms[1]!));
      expect(Math.abs(map[i]! - (terms[0]! + terms[1]!))).toBeLessThanOrEqual(bound);
    }
  });

  it.each([
    [48, 48],
    [8, 5],
    [40, 3],
  ])("the int8 input stage puts two halves of a row side by side, %d×%d", (width, height) => {
    const bytes = 3 * width * height;
    const crop = Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + Math.floor(i / 256)) % 256);
    const zero = [13, 255, 0, -2];
    const input = kernels.output(bytes / 4 + 4);
    new Uint8Array(kernels.memory, input, bytes).set(crop);
    const vectors = width / 2 + 2;
    const output = kernels.output((height + 2) * vectors * 4);
    new Uint8Array(kernels.memory, output, (height + 2) * vectors * 16).fill(0);
    const offsets = kernels.output(4);
    new Int16Array(kernels.memory, offsets, 8).set([...zero, ...zero]);
    kernels.call("i16_input_pairs", input, offsets, output, width, height);
    const map = new Int16Array(kernels.memory, output, (height + 2) * vectors * 8).slice();
    kernels.check();
    map.forEach((got, i) => {
      const y = Math.floor(i / 8 / vectors) - 1;
      const x = (Math.floor(i / 8) % vectors) - 1 + (i % 8 < 4 ? 0 : width / 2);
      const inside = x >= 0 && y >= 0 && x < width && y < height;
      const byte = i % 4 === 3 ? 0 : crop[(y * width + x) * 3 + (i % 4)]!;
      expect(got, `${y}, ${x}, channel ${i % 4}`).toBe(inside ? byte - zero[i % 4]! : 0);
    });
  });

  it("the sigmoid is the float64 one rounded once, at both ends too", () => {
    const values = [0, -0, 1e-40, 1, -1, 17.5, -30, 88, -88, 1e4, -1e4, 3e38, -3e38];
    const overflown = [Infinity, -Infinity, Number.NaN];
    const all = [...values, ...overflown];
    const input = kernels.input(all);
    const output = kernels.output(all.length);
    kernels.call("f32_sigmoid", input, output, all.length);
    const got = kernels.floats(output, all.length).slice();
    kernels.check();
    expect([...got.subarray(values.length)]).toEqual(overflown.map(() => Number.NaN));
    values.forEach((v, i) => {
      const want = 1 / (1 + Math.exp(-Math.fround(v)));
      expect(Math.abs(got[i]! - want)).toBeLessThanOrEqual(want * 2 ** -23);
    });
  });

  it("widens every finite half exactly", () => {
    const count = 65536;
    const at = kernels.output(count);
    const halves = new Uint16Array(kernels.memory, at + 2 * count, count);
    for (let i = 0; i < count; i++) halves[i] = i;
    kernels.call("widen", at, count);
    const got = kernels.floats(at, count).slice();
    kernels.check();
    for (let i = 0; i < count; i++) {
      const exponent = (i >> 10) & 31;
      if (exponent === 31) continue;
      const fraction = i & 1023;
      const sign = i >> 15 ? -1 : 1;
      const want = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
      if (!Object.is(got[i], sign * want)) expect(got[i], `half ${i}`).toBe(sign * want);
    }
  });
});
