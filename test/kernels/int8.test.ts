/** The int8 network against whole numbers: every stage of both tiers, bit for bit. */
import { describe, expect, it } from "vitest";
import { type Tensor, toFloat32, type WeightsFile } from "../../src/core/container.ts";
import { TENSORS } from "../../src/core/landmarks.ts";
import { RANGED_STAGES, type Range } from "../../src/core/ranges.ts";
import { forwardInt8, quantise } from "../reference/int8.ts";
import { forward, type Tensors } from "../reference/network.ts";
import { transform2d, WINOGRAD } from "../reference/winograd.ts";
import { fromMap } from "../support/layout.ts";
import { random, randomCrops } from "../support/random.ts";
import { SEED } from "../support/values.ts";
import { Kernels, TIERS } from "../support/wasm.ts";
import { randomWeights } from "../support/weights.ts";

type Change = (values: Float32Array, name: string) => unknown;

/** Values of random weights, some of them changed. */
function tensorsOf(file: WeightsFile, change: Change = () => {}): Tensors {
  const read = ([name, tensor]: [string, Tensor]): [string, Float32Array] => {
    const values = toFloat32(tensor);
    change(values, name);
    return [name, values];
  };
  return new Map([...file.tensors].map(read));
}

/** What float activations span on a crop, times `share`: below 1 some are clipped. */
function rangesOf(tensors: Tensors, crop: Uint8Array, share: number): Range[] {
  const stages = forward(tensors, crop);
  return RANGED_STAGES.map(({ name }) => {
    const values = stages.get(name)!;
    return [share * Math.min(0, ...values), share * Math.max(0.01, ...values)].map(Math.fround) as [
      number,
      number,
    ];
  });
}

/** Returns whether they could be packed. */
function load(kernels: Kernels, tensors: Tensors, ranges: readonly Range[]): number {
  let at = kernels.call("parameters");
  for (const { name } of TENSORS) {
    const values = tensors.get(name)!;
    kernels.floats(at, values.length).set(values);
    at += 4 * values.length;
  }
  kernels.floats(kernels.call("ranges"), 16).set(ranges.flat());
  return kernels.call("packInt8");
}

function run(kernels: Kernels, crops: Uint8Array): Float32Array {
  const count = crops.length / 6912;
  new Uint8Array(kernels.memory, kernels.call("crops"), crops.length).set(crops);
  kernels.call("forwardInt8", count);
  return kernels.floats(kernels.call("landmarks"), 10 * count).slice();
}

/** What a stage left, channel-major. */
function stage(kernels: Kernels, index: number): number[] {
  const { name, size, channels } = RANGED_STAGES[index]!;
  const at = kernels.address(`I8_${name.toUpperCase()}_${size > 1 ? "MAP" : "OUT"}`);
  const length = size > 1 ? (size + 2) ** 2 * channels : channels;
  const values = new Int16Array(kernels.memory, at, length);
  return Array.from(size > 1 ? fromMap(values, size, channels) : values);
}

const crop = randomCrops(1, SEED);
const binary = (seed: number) => {
  const next = random(SEED + seed);
  return Uint8Array.from({ length: 6912 }, () => (next() < 0.5 ? 0 : 255));
};

const setSlopes =
  (slope: number): Change =>
  (values, name) => {
    if (name.endsWith(".slope")) values.fill(slope);
  };
/** Filters whose weights all have one magnitude: the sums reach their limit. */
const heavy: Change = (values, name) => {
  const next = random(SEED + values.length);
  if (/conv\d\.weight/.test(name))
    for (let i = 0; i < values.length; i++) values[i] = next() < 0.9 ? 0.05 : -0.05;
};
/** Channels without weights, and those that only one weight counts in. */
const sparse: Change = (values, name) => {
  if (!name.endsWith(".weight")) return;
  values.fill(0, 0, values.length / 4);
  values[values.length - 1] = 1000;
};
/** Channels whose weights are nothing beside their bias: a float holds no bias in such small units. */
const faint =
  (weight: number): Change =>
  (values, name) => {
    if (/(conv4|depthwise|fc1|fc2|fc3)\.weight/.test(name)) values.fill(weight, 0, values.length / 8);
  };
/** Bytes that the input's affine takes far from zero, or to a constant. */
const oddInput: Change = (values, name) => {
  if (name === "input.scale") values.set([0.01, -0.03, 0]);
  if (name === "input.shift") values.set([-9, 1.234, 0.4]);
};

describe.each(TIERS)("int8, %s", (tier) => {
  const kernels = new Kernels("kernels", tier);

  it.each<[string, Change, number, Uint8Array]>([
    ["random weights", () => {}, 1, crop],
    ["clipped activations", () => {}, 0.3, crop],
    ["wide ranges", () => {}, 40, crop],
    ["falling slopes", setSlopes(-2), 1, crop],
    ["slopes above 1", setSlopes(1.75), 1, crop],
    ["slopes of 0", setSlopes(0), 1, crop],
    ["the heaviest filters", heavy, 1, binary(1)],
    ["the heaviest filters, clipped", heavy, 0.1, binary(2)],
    ["sparse filters", sparse, 1, crop],
    ["an odd input affine", oddInput, 1, binary(3)],
    ["faint filters", faint(1e-36), 1, crop],
    ["filters of the least floats", faint(1e-45), 1, crop],
  ])("equals whole-number arithmetic in every stage: %s", (_, change, share, bytes) => {
    const tensors = tensorsOf(randomWeights(SEED), change);
    const ranges = rangesOf(tensors, bytes, share);
    expect(load(kernels, tensors, ranges)).toBe(1);
    const got = run(kernels, bytes);
    const want = forwardInt8(tensors, ranges, bytes);
    RANGED_STAGES.forEach(({ name }, i) => {
      // Bare equality: −0 and 0 are one whole number.
      const differing = stage(kernels, i).filter((v, at) => v !== want.get(name)![at]!).length;
      expect(differing, name).toBe(0);
    });
    got.forEach((v, i) => {
      expect(v).toBeCloseTo(1 / (1 + Math.exp(-want.get("fc3")![i]!)), 6);
    });
  });

  it("gives a face the same answer alone and among others, at every count", () => {
    const tensors = tensorsOf(randomWeights(SEED + 1));
    load(kernels, tensors, rangesOf(tensors, crop, 0.8));
    const crops = randomCrops(16, SEED + 2);
    const alone = Array.from({ length: 16 }, (_, i) => [
      ...run(kernels, crops.subarray(i * 6912, (i + 1) * 6912)),
    ]);
    for (let count = 1; count <= 16; count++) {
      expect([...run(kernels, crops.subarray(0, count * 6912))]).toEqual(alone.slice(0, count).flat());
    }
  });

  it("reads weights that are nothing beside their bias as zeros", () => {
    const [nothing, ...others] = [0, 1e-45, 1e-38, 1e-36, 1e-34, 1e-30, 1e-20].map((weight) => {
      const tensors = tensorsOf(randomWeights(SEED), faint(weight));
      load(kernels, tensors, rangesOf(tensors, crop, 1));
      return run(kernels, crop);
    });
    for (const got of others) expect([...got]).toEqual([...nothing!].map((v) => expect.closeTo(v, 4)));
  });

  it.each<[string, RegExp, number]>([
    ["first filters", /input\.scale|conv1\.weight/, 1e30],
    ["an affine", /fc1\.(weight|scale)/, 3e38],
    ["a shift", /conv2\.shift/, 3e38],
  ])("doesn't pack %s that overflow", (_, name, value) => {
    const ranges = rangesOf(tensorsOf(randomWeights(SEED)), crop, 1);
    const large = tensorsOf(randomWeights(SEED), (values, tensor) => name.test(tensor) && values.fill(value));
    expect(load(kernels, large, ranges)).toBe(0);
    expect(load(kernels, tensorsOf(randomWeights(SEED)), ranges)).toBe(1);
  });

  it("makes steps larger where sums could leave 32 bits, and only there", () => {
    const filter = new Float32Array(288).fill(1);
    expect(quantise(filter, 255, 576).step).toBeGreaterThan(1 / 127);
    expect(quantise(filter, 255, 36).step).toBe(1 / 127);
    filter.fill(0.1, 40);
    expect(quantise(filter, 255, 576).step).toBe(1 / 127);
  });
});

it("holds all of Winograd's transforms in 16 bits", () => {
  // Of 256 neighbouring values around 0 a sum of products is largest where all with a positive coefficient are at one end.
  const extent = (matrix: readonly (readonly number[])[], n: number, low: number, high: number) => {
    let most = 0;
    for (let point = 0; point < matrix.length ** 2; point++) {
      const unit = (i: number) =>
        Array.from({ length: n }, (_, y) => Array.from({ length: n }, (_, x) => (y * n + x === i ? 1 : 0)));
      let sum = 0;
      for (let i = 0; i < n * n; i++) {
        const c = transform2d(matrix, unit(i)).flat()[point]!;
        sum += c > 0 ? c * high : c * low;
      }
      most = Math.max(most, sum);
    }
    return most;
  };
  for (const [m, factor] of [
    [4, 24],
    [3, 6],
  ] as const) {
    const { BT, G } = WINOGRAD[m]!;
    expect(extent(BT, m + 2, -255, 0)).toBeLessThan(2 ** 15);
    expect(extent(BT, m + 2, 0, 255)).toBeLessThan(2 ** 15);
    expect(extent(BT, m + 2, -128, 127)).toBeLessThan(2 ** 15);
    const whole = G.map((row) => row.map((g) => g * factor));
    if (m === 4) whole[5] = [0, 0, 6];
    expect(extent(whole, 3, -127, 127)).toBeLessThan(2 ** 15);
  }
});
