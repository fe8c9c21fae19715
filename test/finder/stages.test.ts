/** Every stage of the finder by itself, on maps of its own sizes and of odd ones, and the whole network. */
import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../src/core/container.ts";
import { FINDER, FINDER_TENSORS } from "../../src/core/finder/network.ts";
import {
  add,
  convolve,
  decode,
  double,
  forward,
  halve,
  type Planes,
  STRIDES,
  spaceToDepth,
} from "../reference/finder.ts";
import { affine, prelu } from "../reference/network.ts";
import { denseSingle } from "../reference/single.ts";
import { absolute, WINOGRAD, winograd3x3 } from "../reference/winograd.ts";
import { expectWithin, gamma } from "../support/bounds.ts";
import { random } from "../support/random.ts";
import { floats } from "../support/values.ts";
import { Kernels, TIERS } from "../support/wasm.ts";
import { randomWeights } from "../support/weights.ts";

const MAX_SIDE = 320;
const WEIGHTS = randomWeights(11, FINDER);
const TENSORS = new Map(FINDER_TENSORS.map(({ name }) => [name, toFloat32(WEIGHTS.tensors.get(name)!)]));

/** A map's rows and columns in memory: whole tiles of six pixels and a border. */
const stored = (side: number) => Math.ceil(side / 6) * 6 + 2;

/** How the module stores planes, zeros around them. */
function toStored({ data, width, height }: Planes): Float32Array {
  const channels = data.length / width / height;
  const out = new Float32Array(stored(height) * stored(width) * channels);
  data.forEach((v, i) => {
    const [c, at] = [Math.floor(i / width / height), i % (width * height)];
    const [y, x] = [Math.floor(at / width), at % width];
    out[((y + 1) * stored(width) + x + 1) * channels + c] = v;
  });
  return out;
}

/** Back again; whatever lies around the planes must be zero. */
function fromStored(map: Float32Array, width: number, height: number, channels: number): Float64Array {
  const out = new Float64Array(width * height * channels);
  map.forEach((v, i) => {
    const [c, at] = [i % channels, Math.floor(i / channels)];
    const [y, x] = [Math.floor(at / stored(width)) - 1, (at % stored(width)) - 1];
    if (x >= 0 && y >= 0 && x < width && y < height) out[(c * height + y) * width + x] = v;
    else if (v !== 0) throw new Error(`row ${y}, column ${x}, channel ${c} outside the map: ${v}`);
  });
  return out;
}

class Finder extends Kernels {
  constructor(tier: (typeof TIERS)[number]) {
    super("finder", tier);
    expect(this.call("reserve", MAX_SIDE)).toBe(1);
    let at = this.call("parameters");
    for (const values of TENSORS.values()) {
      this.floats(at, values.length).set(values);
      at += 4 * values.length;
    }
    expect(this.call("finite")).toBe(1);
    this.call("pack");
  }

  /** Everything that `reserve` laid out. */
  laidOut(): Float32Array {
    const at = this.address("CANVAS");
    return this.floats(at, (this.call("arena") - at) / 4);
  }

  /** Runs a stage on planes, all else that is laid out being NaN; checks that it writes its own map alone. */
  run(from: string, input: Planes, to: string, channels: number, size: [number, number], stage: () => void) {
    const all = this.laidOut().fill(Number.NaN);
    const map = toStored(input);
    this.floats(this.address(from), map.length).set(map);
    stage();
    const length = stored(size[0]) * stored(size[1]) * channels;
    const output = this.floats(this.address(to), length);
    const got = fromStored(output, ...size, channels);
    expect(this.floats(this.address(from), map.length).every((v, i) => Object.is(v, map[i]))).toBe(true);
    output.fill(Number.NaN);
    this.floats(this.address(from), map.length).fill(Number.NaN);
    expect(all.every(Number.isNaN), "writes beside its map").toBe(true);
    return got;
  }
}

const planes = (width: number, height: number, channels: number, seed: number): Planes => ({
  data: Float64Array.from(floats(channels * width * height, seed, 2)),
  width,
  height,
});

// Roundings as test/kernels/winograd.test.ts counts them.
const roundings = (K: number) => 1 + 16 + K + 16 + 1;

/** The absolute values of all terms of Winograd's algorithm, whose tiles begin at the map's first pixel. */
function terms(m: number, input: Planes, weight: Float32Array, outputs: number): Float64Array {
  const { data, width, height } = input;
  const inputs = data.length / width / height;
  const side = Math.ceil(Math.max(width, height) / m) * m;
  const square = new Float64Array(inputs * side * side);
  data.forEach((v, i) => {
    const [c, at] = [Math.floor(i / width / height), i % (width * height)];
    square[(c * side + Math.floor(at / width)) * side + (at % width)] = Math.abs(v);
  });
  const { BT, G, AT } = WINOGRAD[m]!;
  const matrices = { BT: absolute(BT), G: absolute(G), AT: absolute(AT) };
  const all = winograd3x3(m, matrices, square, side, weight.map(Math.abs), outputs);
  return Float64Array.from({ length: outputs * width * height }, (_, i) => {
    const [c, at] = [Math.floor(i / width / height), i % (width * height)];
    return all[(c * side + Math.floor(at / width)) * side + (at % width)]!;
  });
}

const get = (name: string) => TENSORS.get(name)!;

/** What a stage should give, and how far it may be off (as test/support/bounds.ts derives it). */
function expected(stage: (typeof FINDER.stages)[number], m: number, input: Planes, weight: Float32Array) {
  const { name, inputs, outputs, pooled } = stage;
  const pool = (v: Float64Array) => (pooled ? halve({ ...input, data: v }).data : v);
  const bias = get(`${name}.bias`);
  const slope = stage.slope ? get(`${name}.slope`)[0]! : 1;
  const scale = stage.affine ? get(`${name}.scale`) : new Float32Array(outputs).fill(1);
  const shift = stage.affine ? get(`${name}.shift`) : new Float32Array(outputs);
  const sum = convolve(input, weight, bias).data;
  const area = input.width * input.height;
  const error = terms(m, input, weight, outputs).map(
    (t, i) => gamma(roundings(inputs)) * (t + Math.abs(bias[Math.floor(i / area)]!)),
  );
  const lipschitz = Math.max(1, Math.abs(slope));
  const activated = pool(prelu(sum, slope));
  const activatedError = pool(error.map((e, i) => lipschitz * (e * 1.001 + gamma(2) * Math.abs(sum[i]!))));
  const size = affine(activated.map(Math.abs), scale.map(Math.abs), shift.map(Math.abs));
  const scaled = affine(activatedError, scale.map(Math.abs), new Float32Array(outputs));
  return {
    want: affine(activated, scale, shift),
    bound: scaled.map((e, i) => e * 1.001 + gamma(2) * size[i]! + 2 ** -138),
  };
}

/** Stage → m, its function, the maps that it reads and writes, its part of the canvas. */
const STAGES = {
  conv1: [6, "conv1", "INPUT_MAP", "CONV1_MAP", 2],
  conv2: [6, "conv2", "CONV1_MAP", "CONV2_MAP", 4],
  conv3: [6, "conv3", "CONV2_MAP", "CONV3_MAP", 4],
  conv4: [6, "wide6", "CONV3_MAP", "CONV4_MAP", 8],
  conv5: [6, "narrow6", "CONV4_MAP", "CONV5_MAP", 8],
  conv6: [3, "wide3", "POOL5_MAP", "CONV6_MAP", 16],
  conv7: [3, "narrow3", "CONV6_MAP", "CONV7_MAP", 16],
  conv8: [3, "wide3", "POOL7_MAP", "CONV8_MAP", 32],
  conv9: [3, "narrow3", "CONV8_MAP", "CONV9_MAP", 32],
  conv10: [3, "conv10", "CONV7_MAP", "CONV10_MAP", 16],
  conv11: [6, "conv11", "CONV5_MAP", "CONV11_MAP", 8],
} as const;

const CANVASES = [
  [160, 128],
  [32, 32],
] as const;
const EVEN = [
  [2, 2],
  [6, 2],
  [14, 10],
  [2, 26],
] as const;
const ODD = [
  [1, 1],
  [5, 7],
  [7, 6],
  [1, 10],
  [10, 3],
] as const;

/** Up → the map that it reads, that to which it adds, the part of the canvas that the first of them is. */
const UPS = { up16: ["CONV9_MAP", "CONV7_MAP", 32], up8: ["CONV10_MAP", "CONV5_MAP", 16] } as const;

/** Head → the map that it reads, its part of the canvas. */
const HEADS = { head8: ["CONV11_MAP", 8], head16: ["CONV10_MAP", 16], head32: ["CONV9_MAP", 32] } as const;

const convolutions = FINDER.stages.filter(({ name }) => name in STAGES);
const cases = convolutions.flatMap((stage) => {
  const [, , , , part] = STAGES[stage.name as keyof typeof STAGES];
  const own = CANVASES.map(([w, h]) => [w / part, h / part] as const);
  return [...own, ...(stage.pooled ? EVEN : ODD)].map(([width, height]) => ({ stage, width, height }));
});

describe("every stage", () => {
  const finders = TIERS.map((tier) => [tier, new Finder(tier)] as const);

  it.each(cases)("$stage.name, $width × $height", ({ stage, width, height }) => {
    const { name, inputs, outputs, pooled } = stage;
    const [m, call, from, to] = STAGES[name as keyof typeof STAGES];
    const input = planes(width, height, inputs, 17);
    // The canvas holds bytes: what leads to 0..1 is in the first filters.
    const weight = name === "conv1" ? get("conv1.weight").map((w) => w / 255) : get(`${name}.weight`);
    const { want, bound } = expected(stage, m, input, weight);
    const size: [number, number] = pooled ? [width / 2, height / 2] : [width, height];
    for (const [, finder] of finders) {
      const key = name.toUpperCase();
      const places = [from, `${key}_WEIGHTS`, to].map((place) => finder.address(place));
      const got = finder.run(from, input, to, outputs, size, () =>
        finder.call(call, ...(call === name ? [] : places), width, height),
      );
      expectWithin(got, want, bound);
    }
  });

  /** What 1×1 convolutions add up at most. */
  const sizes = (input: Planes, weight: Float32Array, bias: Float32Array) =>
    convolve({ ...input, data: input.data.map(Math.abs) }, weight.map(Math.abs), bias.map(Math.abs));

  /** An up in float32, rounding after each operation in the order that its kernels state. */
  function doubledAndAdded(coarse: Planes, fine: Planes, weight: Float32Array, bias: Float32Array) {
    const area = coarse.width * coarse.height;
    const params = { bias, slope: 1, scale: new Float32Array(32).fill(1), shift: new Float32Array(32) };
    const data = new Float64Array(coarse.data.length);
    for (let at = 0; at < area; at++) {
      const pixel = Float32Array.from({ length: 32 }, (_, c) => coarse.data[c * area + at]!);
      denseSingle(pixel, weight, params).forEach((v, c) => {
        data[c * area + at] = v;
      });
    }
    return add(fine, double({ ...coarse, data })).data.map(Math.fround);
  }

  const upCases = Object.entries(UPS).flatMap(([name, [from, to, part]]) =>
    [...CANVASES.map(([w, h]) => [w / part, h / part] as const), ...ODD].map(([width, height]) => ({
      name,
      from,
      to,
      width,
      height,
    })),
  );
  it.each(upCases)("$name, $width × $height doubled", ({ name, from, to, width, height }) => {
    const [coarse, fine] = [planes(width, height, 32, 23), planes(2 * width, 2 * height, 32, 29)];
    const [weight, bias] = [get(`${name}.weight`), get(`${name}.bias`)];
    const want = add(fine, double(convolve(coarse, weight, bias))).data;
    // The bias, 32 products one after the other, the sum of the maps.
    const most = add({ ...fine, data: fine.data.map(Math.abs) }, double(sizes(coarse, weight, bias)));
    const bound = most.data.map((t) => gamma(32 + 1 + 1) * t + 2 ** -138);
    const single = doubledAndAdded(coarse, fine, weight, bias);
    for (const [tier, finder] of finders) {
      const [map, sum] = [from, to].map((place) => finder.address(place)) as [number, number];
      const place = finder.floats(sum, toStored(fine).length);
      const got = finder.run(from, coarse, to, 32, [2 * width, 2 * height], () => {
        place.set(toStored(fine));
        finder.call("up", map, finder.address(`${name.toUpperCase()}_WEIGHTS`), sum, width, height);
      });
      expectWithin(got, want, bound);
      if (tier === "baseline") expect(got).toEqual(single);
    }
  });

  const headCases = Object.entries(HEADS).flatMap(([name, [from, stride]]) =>
    [...CANVASES.map(([w, h]) => [w / stride, h / stride] as const), ...ODD].map(([width, height]) => ({
      name,
      from,
      stride,
      width,
      height,
    })),
  );
  it.each(headCases)("the scores of $name, $width × $height", ({ name, from, stride, width, height }) => {
    const input = planes(width, height, 32, 23);
    const weight = get(`${name}.weight`).subarray(0, 32);
    const bias = get(`${name}.bias`).subarray(0, 1);
    const want = convolve(input, weight, bias).data.map((v) => 1 / (1 + Math.exp(-v)));
    // A product, two sums of sixteen that run side by side, two of these, two of lanes, the bias; the logistic function, whose
    // slope is at most a quarter, rounded.
    const bound = sizes(input, weight, bias).data.map((t) => (gamma(1 + 2 + 2 + 2 + 1) * t) / 4 + 2 ** -24);
    for (const [, finder] of finders) {
      const all = finder.laidOut().fill(Number.NaN);
      const map = toStored(input);
      const [at, weights, candidates] = [from, `${name.toUpperCase()}_WEIGHTS`, "CANDIDATES"].map((place) =>
        finder.address(place),
      ) as [number, number, number];
      finder.floats(at, map.length).set(map);
      const limits = [0, Number.NEGATIVE_INFINITY];
      const end = finder.call("decodeCells", at, weights, width, height, stride, ...limits, candidates);
      const found = finder.floats(candidates, (end - candidates) / 4);
      expectWithin(
        found.filter((_, i) => i % 5 === 0),
        want,
        bound,
      );
      found.fill(Number.NaN);
      finder.floats(at, map.length).fill(Number.NaN);
      expect(all.every(Number.isNaN), "writes beside its candidates").toBe(true);
    }
  });

  it.each([
    [10, 8],
    [1, 1],
    [5, 3],
  ])("the pool to %d × %d", (width, height) => {
    const input = planes(2 * width, 2 * height, 32, 5);
    for (const [, finder] of finders) {
      const [map, output] = ["CONV5_MAP", "POOL5_MAP"].map((place) => finder.address(place));
      const got = finder.run("CONV5_MAP", input, "POOL5_MAP", 32, [width, height], () =>
        finder.call("pool", map!, output!, width, height),
      );
      // pmax takes either of 0 and −0.
      expect(got.map((v) => v + 0)).toEqual(halve(input).data.map((v) => v + 0));
    }
  });

  it.each([
    [320, 256],
    [32, 32],
    [64, 96],
  ])("two by two pixels of a canvas of %d × %d become one", (width, height) => {
    const next = random(width);
    const canvas = Uint8Array.from({ length: width * height * 3 }, () => 256 * next());
    const want = spaceToDepth(canvas, width, height).data.map((v) => Math.round(255 * v));
    for (const [, finder] of finders) {
      finder.laidOut().fill(Number.NaN);
      new Uint8Array(finder.memory, finder.address("CANVAS")).set(canvas);
      finder.call("input", width / 2, height / 2);
      const length = stored(width / 2) * stored(height / 2) * 12;
      const map = finder.floats(finder.address("INPUT_MAP"), length);
      expect(fromStored(map, width / 2, height / 2, 12)).toEqual(want);
    }
  });
});

describe.each(TIERS)("the whole network, %s", (tier) => {
  const finder = new Finder(tier);
  const run = (canvas: Uint8Array, width: number, height: number) => {
    new Uint8Array(finder.memory, finder.address("CANVAS")).set(canvas);
    finder.call("forwardOf", width, height);
    return Object.entries(HEADS).map(([name, [map, stride]]) => {
      const at = [map, `${name.toUpperCase()}_WEIGHTS`].map((place) => finder.address(place));
      const candidates = finder.address("CANDIDATES");
      const limits = [0, Number.NEGATIVE_INFINITY];
      const size = [width / stride, height / stride];
      const end = finder.call("decodeCells", ...at, ...size, stride, ...limits, candidates);
      return finder.floats(candidates, (end - candidates) / 4).slice();
    });
  };
  const noise = (width: number, height: number, seed: number) => {
    const next = random(seed);
    return Uint8Array.from({ length: width * height * 3 }, () => 256 * next());
  };

  it.each([
    [32, 32],
    [64, 32],
    [32, 320],
    [160, 128],
  ])("%d × %d, whatever was in memory before", (width, height) => {
    const canvas = noise(width, height, 3);
    const maps = forward(TENSORS, canvas, width, height);
    // Larger maps before leave numbers where smaller ones have their borders.
    for (const before of [320, 96]) {
      run(noise(before, before, before), before, before);
      const got = run(canvas, width, height);
      for (const [i, stride] of STRIDES.entries()) {
        const head = maps.get(`head${stride}`)!;
        const boxes = got[i]!;
        const off = 2e-5 * Math.max(...head.data.map(Math.abs));
        const empty = { data: new Float64Array(0), width: 0, height: 0 };
        const want = decode(new Map(STRIDES.map((s) => [`head${s}`, s === stride ? head : empty])));
        expect(boxes.length).toBe(5 * want.length);
        want.forEach(({ score, left, top, right, bottom }, k) => {
          // The logistic function's slope is at most a quarter.
          expect(Math.abs(boxes[5 * k]! - score), `head${stride}`).toBeLessThan(off / 4 + 2 ** -24);
          // The centre is off by `off` cells, half a side by as much of itself.
          for (const [j, value] of [left, top, right, bottom].entries()) {
            const half = (j % 2 === 0 ? right - left : bottom - top) / 2;
            const bound = 1.001 * off * (stride + half) + 2 ** -23 * (1 + Math.abs(value));
            expect(Math.abs(boxes[5 * k + 1 + j]! - value)).toBeLessThanOrEqual(bound);
          }
        });
      }
    }
  });
});
