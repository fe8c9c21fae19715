/**
 * The calibrated ranges of activations that int8 arithmetic needs. They are kept in a weights file's metadata under
 * `ranges`: a JSON object that gives [low, high] of the output of each stage by its name. `fivepoint weights quantize`
 * finds them (calibrate.ts).
 */

import type { WeightsFile } from "./container.ts";
import { WeightsError } from "./errors.ts";

/**
 * The outputs that are quantised, in the order in which the module takes their ranges; `size` pixels a side, `bits` as
 * assembly/landmarks/pack_int8.ts has them.
 */
export const RANGED_STAGES = [
  { name: "conv1", size: 24, channels: 16, bits: 8 },
  { name: "conv2", size: 12, channels: 32, bits: 8 },
  { name: "conv3", size: 6, channels: 64, bits: 8 },
  { name: "conv4", size: 6, channels: 64, bits: 8 },
  { name: "conv5", size: 6, channels: 128, bits: 15 },
  { name: "depthwise", size: 1, channels: 128, bits: 15 },
  { name: "fc1", size: 1, channels: 256, bits: 15 },
  { name: "fc2", size: 1, channels: 64, bits: 15 },
] as const;

/** low ≤ 0 ≤ high, low < high. */
export type Range = readonly [low: number, high: number];

/**
 * The ranges of a weights file, in the order of `RANGED_STAGES`.
 * @throws WeightsError when one is missing or isn't one
 */
export function readRanges({ metadata }: WeightsFile): Range[] {
  const make = "`fivepoint weights quantize` makes a file that has them";
  if (metadata.ranges === undefined) {
    throw new WeightsError(`These weights have no activation ranges, which int8 needs: ${make}.`);
  }
  let ranges: unknown;
  try {
    ranges = JSON.parse(metadata.ranges);
  } catch {
    throw new WeightsError(`The activation ranges of these weights aren't JSON: ${make}.`);
  }
  return RANGED_STAGES.map(({ name }) => {
    const range = (ranges as Record<string, unknown> | null)?.[name];
    if (isRange(range)) return range;
    const given = JSON.stringify(range);
    throw new WeightsError(
      `Expected [low, high] around 0 for the activation range ${name}, but these weights have ${given}: ${make}.`,
    );
  });
}

function isRange(range: unknown): range is Range {
  if (!Array.isArray(range) || range.length !== 2) return false;
  const [low, high] = range.map(Math.fround);
  // Steps of less than 1e-30 would leave the numbers that a float holds.
  return Number.isFinite(low) && Number.isFinite(high) && low! <= 0 && high! >= 0 && high! - low! > 1e-30;
}

/** The same weights with other ranges, given in the order of `RANGED_STAGES`. */
export function withRanges({ metadata, tensors }: WeightsFile, ranges: readonly Range[]): WeightsFile {
  const rounded = RANGED_STAGES.map(({ name }, i) => [
    name,
    ranges[i]!.map((end) => Number(end.toPrecision(6))),
  ]);
  return { metadata: { ...metadata, ranges: JSON.stringify(Object.fromEntries(rounded)) }, tensors };
}
