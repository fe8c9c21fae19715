/**
 * The calibrated ranges of activations that int8 arithmetic needs. A weights file keeps them in its metadata under
 * `ranges`: a JSON object that gives [low, high] of the output of each stage by its name. `fivepoint weights quantize`
 * finds them (formats/calibrate.ts).
 */
import type { WeightsFile } from "./container.ts";
import { WeightsError } from "./errors.ts";
import { LANDMARKS } from "./landmarks.ts";
import { outputSize } from "./network.ts";

/**
 * The outputs that are quantised, in the order in which the module takes their ranges: all but those of the first stage and
 * the last. `size` is in pixels per side. What a convolution reads has 8 bits, everything else 15.
 */
export const RANGED_STAGES = LANDMARKS.stages.slice(1, -1).map((stage, i) => ({
  name: stage.name,
  size: outputSize(stage),
  channels: stage.outputs,
  bits: LANDMARKS.stages[i + 2]!.kind === "conv" ? 8 : 15,
}));

/** low ≤ 0 ≤ high, low < high. */
export type Range = readonly [low: number, high: number];

/**
 * Reads the ranges of a weights file, in the order of `RANGED_STAGES`.
 * @throws WeightsError when one is missing or malformed
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

/** Gives weights other ranges, in the order of `RANGED_STAGES`. */
export function withRanges({ metadata, tensors }: WeightsFile, ranges: readonly Range[]): WeightsFile {
  const rounded = RANGED_STAGES.map(({ name }, i) => [
    name,
    ranges[i]!.map((bound) => Number(bound.toPrecision(6))),
  ]);
  return { metadata: { ...metadata, ranges: JSON.stringify(Object.fromEntries(rounded)) }, tensors };
}
