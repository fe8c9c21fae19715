/**
 * How a network is written down: a table of stages. The tensors of its weights files follow from it, and so do activation
 * ranges, importers and exporters. landmarks.ts has the table of the landmark network; another network gets a file beside it.
 */

export interface Stage {
  /** What the names of its tensors begin with. */
  readonly name: string;
  /**
   * `input` has no weights, only an affine; `conv` is 3×3, with stride 1 and zeros around the map, or 1×1 (`pointwise`); `depthwise`
   * has one filter per channel, as large as the map; `dense` reads a vector.
   */
  readonly kind: "input" | "conv" | "depthwise" | "dense";
  /** Channels that it reads. */
  readonly inputs: number;
  /** Channels that it writes. */
  readonly outputs: number;
  /** Pixels per side of the map that it reads, 1 for a vector, 0 where the maps are as large as the image makes them. */
  readonly size: number;
  /** Whether a convolution's filters are 1×1. What a table leaves out of these four is false. */
  readonly pointwise?: boolean;
  /** Whether a maximum over 2×2 pixels follows the PReLU. */
  readonly pooled?: boolean;
  /** Whether it has a PReLU, with one slope for all channels. */
  readonly slope?: boolean;
  /** Whether it ends in x · scale + shift, per channel. */
  readonly affine?: boolean;
}

export interface Network {
  /** What the metadata of its weights files give as `format`. */
  readonly format: string;
  /** In the order of their tensors in a file. */
  readonly stages: readonly Stage[];
  /** Stages that a file may lack; of each it has every tensor or none, after those of `stages`. */
  readonly optional: readonly Stage[];
}

export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The tensors of a stage, in the order of a file. */
export function tensorsOf(stage: Stage): TensorSpec[] {
  const { name, kind, inputs, outputs, size, pointwise, slope, affine } = stage;
  const filter = pointwise ? 1 : 3;
  const weights = {
    conv: [outputs, inputs, filter, filter],
    depthwise: [outputs, size, size],
    dense: [outputs, inputs],
  };
  const tensors: [string, readonly number[]][] = [];
  if (kind !== "input") tensors.push(["weight", weights[kind]], ["bias", [outputs]]);
  if (slope) tensors.push(["slope", [1]]);
  if (affine) tensors.push(["scale", [outputs]], ["shift", [outputs]]);
  return tensors.map(([part, shape]) => ({ name: `${name}.${part}`, shape }));
}

/** Pixels per side of the map that a stage writes, 1 for a vector. */
export const outputSize = ({ kind, size, pooled }: Stage): number =>
  kind === "depthwise" ? 1 : pooled ? size / 2 : size;

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
