/** The table of the finder's network, and what follows from it. */
import { parseContainer, serializeContainer, type WeightsFile } from "../container.ts";
import { type Network, type Stage, tensorsOf } from "../network.ts";

const conv = (name: string, inputs: number, outputs: number, pooled = false): Stage => ({
  name,
  kind: "conv",
  inputs,
  outputs,
  size: 0,
  pooled,
  slope: true,
  affine: true,
});
const point = (name: string, outputs: number): Stage => ({
  name,
  kind: "conv",
  inputs: 32,
  outputs,
  size: 0,
  pointwise: true,
});

/**
 * The input is 2×2 pixels deep: RGB of 0..1 in twelve channels. conv1 … conv5 follow each other; conv6 reads conv5 and conv8 reads
 * conv7 through a maximum over 2×2 pixels. Then back up: conv10 reads the sum of conv7 and of what up16 makes of conv9, each of its
 * pixels as 2×2; conv11 that of conv5 and of what up8 makes of conv10. The heads read conv11, conv10 and conv9.
 */
export const FINDER: Network = {
  format: "fivepoint-finder",
  stages: [
    conv("conv1", 12, 16, true),
    conv("conv2", 16, 32),
    conv("conv3", 32, 32, true),
    conv("conv4", 32, 64),
    conv("conv5", 64, 32),
    conv("conv6", 32, 64),
    conv("conv7", 64, 32),
    conv("conv8", 32, 64),
    conv("conv9", 64, 32),
    conv("conv10", 32, 32),
    conv("conv11", 32, 32),
    point("up16", 32),
    point("up8", 32),
    point("head8", 16),
    point("head16", 16),
    point("head32", 16),
  ],
  optional: [],
};

/** The tensors of a file, in the order in which the module takes them as one block of float32. */
export const FINDER_TENSORS = FINDER.stages.flatMap(tensorsOf);

/**
 * Reads a weights file. The tensors are views: `bytes` must not change while they are used.
 * @throws WeightsError for anything but a whole file of this network
 */
export const parseFinderWeights = (bytes: Uint8Array): WeightsFile => parseContainer(bytes, FINDER);

/**
 * Writes a weights file.
 * @throws WeightsError when a tensor is missing
 */
export const serializeFinderWeights = (file: WeightsFile): Uint8Array => serializeContainer(file, FINDER);
