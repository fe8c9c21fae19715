/**
 * Calibration for int8 arithmetic. The range of every activation comes from what the float network computes on example
 * crops, by the rule of several whose int8 answers are closest to the float ones.
 */
import type { WeightsFile } from "../core/container.ts";
import { Landmarker } from "../core/landmarker.ts";
import { serializeWeights } from "../core/landmarks.ts";
import { CROP_BYTES, instantiate, loadParameters } from "../core/model.ts";
import { RANGED_STAGES, type Range, withRanges } from "../core/ranges.ts";

/** Weights with ranges by a rule, and how far their int8 answers are from the float ones. */
export interface Calibrated {
  readonly rule: string;
  /** Mean distance of a point over all crops, in sides of the crop. */
  readonly distance: number;
  readonly file: WeightsFile;
}

/**
 * Makes a weights file by each rule.
 * @param module compiled from `model.wasm` or `model-relaxed.wasm`
 * @param crops one crop or more of 48×48 pixels, BGR, without gaps
 * @returns the best first
 */
export function calibrate(module: WebAssembly.Module, file: WeightsFile, crops: Uint8Array): Calibrated[] {
  const count = crops.length / CROP_BYTES;
  const answers = (weights: WeightsFile, precision: "f32" | "int8") =>
    new Landmarker(module, serializeWeights(weights), { precision }).run(crops, count);
  const wanted = answers(file, "f32");
  const observed = observe(module, file, crops);
  const results = RULES.map(([rule, choose]): Calibrated => {
    const ranges = RANGED_STAGES.map(({ bits }, i) => (bits > 8 ? ample : choose)(observed[i]!));
    const ranged = withRanges(file, ranges);
    return { rule, distance: distance(wanted, answers(ranged, "int8")), file: ranged };
  });
  return results.sort((a, b) => a.distance - b.distance);
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 2) sum += Math.hypot(a[i]! - b[i]!, a[i + 1]! - b[i + 1]!);
  return (2 * sum) / a.length;
}

const BINS = 4096;

/** How often a stage's activations fell into each of `BINS` equal parts of `low` … `high`, which includes 0. */
interface Histogram {
  low: number;
  high: number;
  readonly counts: Float64Array;
}

/** Counts the activations over all crops, in the order of `RANGED_STAGES`: one pass finds the bounds, another counts. */
function observe(module: WebAssembly.Module, file: WeightsFile, crops: Uint8Array): Histogram[] {
  const model = instantiate(module);
  loadParameters(model, file);
  model.pack();
  const slot = new Uint8Array(model.memory.buffer, model.crops(), CROP_BYTES);
  const histograms = RANGED_STAGES.map(
    (): Histogram => ({ low: 0, high: 1e-6, counts: new Float64Array(BINS) }),
  );
  // A map of more than one pixel has a border of zeros, which any range includes.
  const maps = RANGED_STAGES.map(({ size, channels }, stage) => {
    const length = size > 1 ? (size + 2) ** 2 * channels : channels;
    return new Float32Array(model.memory.buffer, model.activations(stage), length);
  });
  const pass = (see: (histogram: Histogram, map: Float32Array) => void) => {
    for (let at = 0; at < crops.length; at += CROP_BYTES) {
      slot.set(crops.subarray(at, at + CROP_BYTES));
      model.forward(1);
      for (const [stage, map] of maps.entries()) see(histograms[stage]!, map);
    }
  };
  pass((histogram, map) => {
    for (const value of map) {
      if (value < histogram.low) histogram.low = value;
      if (value > histogram.high) histogram.high = value;
    }
  });
  pass(({ low, high, counts }, map) => {
    const scale = BINS / (high - low);
    for (const value of map)
      if (value !== 0) counts[Math.min(BINS - 1, Math.floor((value - low) * scale))]!++;
  });
  return histograms;
}

/** Four times what was observed, where bits are to spare. */
const ample = ({ low, high }: Histogram): Range => [4 * low, 4 * high];

/** Leaves out a share of the values at either end. A range always includes zero, the value of padding. */
const percentile =
  (tail: number) =>
  ({ low, high, counts }: Histogram): Range => {
    const width = (high - low) / BINS;
    const beyond = tail * sum(counts);
    let [first, last] = [0, BINS - 1];
    for (let left = beyond; left >= counts[first]! && first < BINS - 1; first++) left -= counts[first]!;
    for (let left = beyond; left >= counts[last]! && last > 0; last--) left -= counts[last]!;
    return [Math.min(0, low + first * width), Math.max(0, low + (last + 1) * width)];
  };

/**
 * Finds the range with the least mean squared error: of rounding, step²/12 per value, and of clipping. Both bounds are
 * searched from 30 % to 100 % of what was observed.
 */
function leastSquares({ low, high, counts }: Histogram): Range {
  const width = (high - low) / BINS;
  const clipped = (bound: number, side: 1 | -1): number => {
    let loss = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const beyond = side * (low + (bin + 0.5) * width - bound);
      if (beyond > 0) loss += counts[bin]! * beyond * beyond;
    }
    return loss;
  };
  const shares = Array.from({ length: 36 }, (_, i) => 0.3 + 0.02 * i);
  const lows = shares.map((share) => ({ bound: low * share, loss: clipped(low * share, -1) }));
  const highs = shares.map((share) => ({ bound: high * share, loss: clipped(high * share, 1) }));
  const values = sum(counts);
  let best = { range: [low, high] as Range, loss: Number.POSITIVE_INFINITY };
  for (const l of lows) {
    for (const h of highs) {
      const loss = l.loss + h.loss + (values * ((h.bound - l.bound) / 255) ** 2) / 12;
      if (loss < best.loss) best = { range: [l.bound, h.bound], loss };
    }
  }
  return best.range;
}

const sum = (counts: Float64Array): number => counts.reduce((total, n) => total + n, 0);

const RULES: readonly [string, (histogram: Histogram) => Range][] = [
  ["least and largest", ({ low, high }) => [low, high]],
  ...[1e-5, 3e-5, 1e-4, 1e-3].map((tail): [string, (histogram: Histogram) => Range] => [
    `all but ${tail} at either end`,
    percentile(tail),
  ]),
  ["least squares", leastSquares],
];
