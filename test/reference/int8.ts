/**
 * The int8 network by plain loops over whole numbers: direct convolution, channel-major, no Winograd. It shares nothing
 * with the kernels but the rules of assembly/landmarks/pack_int8.ts; sums stay below 2^53 and are exact.
 */
import { LANDMARKS } from "../../src/core/landmarks.ts";
import { RANGED_STAGES, type Range } from "../../src/core/ranges.ts";
import type { Tensors } from "./network.ts";

/** Activations as steps from zero, and what a step is. */
interface Activation {
  readonly values: ArrayLike<number>;
  readonly step: number;
  /** Largest number of steps from zero that a value can have. */
  readonly reach: number;
}

/** To the nearest whole number, ties to even. */
function nearest(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

const f = Math.fround;

/** An output channel's weights as −127..127, and their step: larger where sums · scale could leave 32 bits, or `least`. */
export function quantise(
  weights: ArrayLike<number>,
  reach: number,
  scale: number,
  least = 0,
): { q: number[]; step: number } {
  const values = Array.from(weights);
  const most = Math.max(...values.map(Math.abs));
  for (let step = Math.max(most > 0 ? most / 127 : 1, least); ; step *= 1.0625) {
    const q = values.map((w) => nearest(w / step));
    if (q.reduce((sum, v) => sum + Math.abs(v), 0) * reach <= 2147483647 / scale) return { q, step };
  }
}

/** The step and the zero point of an output. */
function output([low, high]: Range, levels: number): { step: number; zero: number } {
  const step = (f(high) - f(low)) / levels;
  return { step, zero: Math.min(Math.max(nearest(-f(low) / step), 0), levels) };
}

const prelu = (v: number, slope: number) => f(Math.max(v, 0) + f(slope * Math.min(v, 0)));

interface Layer {
  /** [channels][count] */
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly slope?: number;
  readonly scale?: ArrayLike<number>;
  readonly shift?: ArrayLike<number>;
  /** Of the output, and in how many steps; none where it is float. */
  readonly range?: Range;
  readonly levels?: number;
  /** What Winograd multiplies sums by. */
  readonly multiple?: number;
}

/**
 * @param sums (channel, weights of the channel) → the channel's sums of products
 * @param pool takes the largest of each window
 */
function layer(
  input: Activation,
  { weight, bias, slope = 1, scale, shift, range, levels = 32767, multiple = 1 }: Layer,
  sums: (q: number[], channel: number) => number[],
  pool: (values: number[]) => number[] = (values) => values,
): Activation {
  const channels = bias.length;
  const count = weight.length / channels;
  const { step, zero } = range ? output(range, levels) : { step: 1, zero: 0 };
  const values: number[] = [];
  for (let c = 0; c < channels; c++) {
    const own = Array.prototype.slice.call(weight, c * count, (c + 1) * count);
    const least = ((Math.abs(bias[c]!) / 2 ** 64) * multiple) / input.step;
    const quantised = quantise(own, input.reach, multiple, least);
    const unit = (input.step * quantised.step) / multiple;
    const b = f(bias[c]! / unit);
    const factor = f(((scale?.[c] ?? 1) * unit) / step);
    const offset = f((shift?.[c] ?? 0) / step);
    const activated = sums(quantised.q, c).map((sum) => prelu(f(f(sum * multiple) + b), slope));
    for (const v of pool(activated)) {
      const steps = f(f(v * factor) + offset);
      values.push(range ? nearest(Math.min(Math.max(steps, -zero), levels - zero)) : steps);
    }
  }
  return { values, step, reach: Math.max(zero, levels - zero) };
}

/** Σ in[i][y + ky − 1][x + kx − 1] · q[i][ky][kx], zeros outside. */
function convolve(input: ArrayLike<number>, size: number, q: readonly number[]): number[] {
  const out = new Array<number>(size * size).fill(0);
  for (let i = 0; i < q.length / 9; i++) {
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        const w = q[(i * 3 + ky) * 3 + kx]!;
        for (let y = Math.max(0, 1 - ky); y < Math.min(size, size + 1 - ky); y++) {
          for (let x = Math.max(0, 1 - kx); x < Math.min(size, size + 1 - kx); x++) {
            out[y * size + x]! += w * input[(i * size + y + ky - 1) * size + x + kx - 1]!;
          }
        }
      }
    }
  }
  return out;
}

const maxPool = (size: number) => (values: number[]) =>
  Array.from({ length: (size / 2) ** 2 }, (_, i) => {
    const at = 2 * Math.floor(i / (size / 2)) * size + 2 * (i % (size / 2));
    return Math.max(values[at]!, values[at + 1]!, values[at + size]!, values[at + size + 1]!);
  });

/** The crop less its zero points, with a fourth channel of 2; and conv1's weights for it. */
function inputStage(tensors: Tensors, crop: Uint8Array): { input: Activation; weight: Float32Array } {
  const scales = tensors.get("input.scale")!;
  const shifts = tensors.get("input.shift")!;
  const weight = tensors.get("conv1.weight")!;
  const folded = new Float32Array(16 * 36);
  const values = new Array<number>(4 * 2304).fill(2);
  for (let c = 0; c < 3; c++) {
    const scale = scales[c]!;
    const shift = shifts[c]!;
    const zero = scale === 0 ? 0 : Math.min(Math.max(nearest(f(-shift / scale)), 0), 255);
    const rest = f(f(f(zero * scale) + shift) / 2);
    for (let i = 0; i < 2304; i++) values[c * 2304 + i] = crop[i * 3 + c]! - zero;
    for (let o = 0; o < 16; o++) {
      for (let tap = 0; tap < 9; tap++) {
        const w = weight[(o * 3 + c) * 9 + tap]!;
        folded[(o * 4 + c) * 9 + tap] = w * scale;
        folded[(o * 4 + 3) * 9 + tap]! += f(w * rest);
      }
    }
  }
  return { input: { values, step: 1, reach: 255 }, weight: folded };
}

/**
 * A crop (48×48 BGR bytes) → the activations after every stage as steps from zero, channel-major; `fc3` are the logits.
 * @param ranges in the order of `RANGED_STAGES`
 */
export function forwardInt8(
  tensors: Tensors,
  ranges: readonly Range[],
  crop: Uint8Array,
): Map<string, ArrayLike<number>> {
  const get = (name: string) => tensors.get(name)!;
  const stages = new Map<string, ArrayLike<number>>();
  const of = (name: string, range?: Range): Layer => ({
    weight: get(`${name}.weight`),
    bias: get(`${name}.bias`),
    ...(tensors.has(`${name}.slope`) && { slope: get(`${name}.slope`)[0]! }),
    ...(tensors.has(`${name}.scale`) && { scale: get(`${name}.scale`), shift: get(`${name}.shift`) }),
    ...(range && { range }),
  });
  const { input, weight } = inputStage(tensors, crop);
  let x = input;
  LANDMARKS.stages.slice(1).forEach(({ name, kind, size, pooled }, i) => {
    const { values } = x;
    const parameters = { ...of(name, ranges[i]), ...(i === 0 && { weight }) };
    if (kind === "conv") {
      x = layer(
        x,
        { ...parameters, multiple: pooled ? 576 : 36, levels: RANGED_STAGES[i]!.bits === 8 ? 255 : 32767 },
        (q) => convolve(values, size, q),
        pooled ? maxPool(size) : undefined,
      );
    } else {
      // A depthwise stage reads the map of its own channel, a dense one all values.
      const start = kind === "depthwise" ? size * size : 0;
      x = layer(x, parameters, (q, c) => [q.reduce((sum, w, k) => sum + w * values[c * start + k]!, 0)]);
    }
    stages.set(name, x.values);
  });
  return stages;
}
