/** The table of landmarks-regression-retail-0009, and what follows from it. A sigmoid ends the network. */
import { parseContainer, serializeContainer, type WeightsFile } from "./container.ts";
import { type Network, type Stage, tensorsOf } from "./network.ts";

const stages: readonly Stage[] = [
  { name: "input", kind: "input", inputs: 3, outputs: 3, size: 48, affine: true },
  { name: "conv1", kind: "conv", inputs: 3, outputs: 16, size: 48, pooled: true, slope: true, affine: true },
  { name: "conv2", kind: "conv", inputs: 16, outputs: 32, size: 24, pooled: true, slope: true, affine: true },
  { name: "conv3", kind: "conv", inputs: 32, outputs: 64, size: 12, pooled: true, slope: true, affine: true },
  { name: "conv4", kind: "conv", inputs: 64, outputs: 64, size: 6, slope: true, affine: true },
  { name: "conv5", kind: "conv", inputs: 64, outputs: 128, size: 6, slope: true, affine: true },
  { name: "depthwise", kind: "depthwise", inputs: 128, outputs: 128, size: 6, slope: true, affine: true },
  { name: "fc1", kind: "dense", inputs: 128, outputs: 256, size: 1, slope: true, affine: true },
  { name: "fc2", kind: "dense", inputs: 256, outputs: 64, size: 1, slope: true },
  { name: "fc3", kind: "dense", inputs: 64, outputs: 10, size: 1 },
];

/** Reads fc1, and has a sigmoid behind it: the score. */
const score: Stage = { name: "score", kind: "dense", inputs: 256, outputs: 1, size: 1 };

/** Each stage reads the one before it. */
export const LANDMARKS: Network = { format: "fivepoint", stages, optional: [score] };

/** The tensors that every file has … */
export const TENSORS = LANDMARKS.stages.flatMap(tensorsOf);
/** … and those that it may have besides, in the order in which the module takes them as one block of float32. */
export const ALL_TENSORS = [...TENSORS, ...LANDMARKS.optional.flatMap(tensorsOf)];

/**
 * Reads a weights file. The tensors are views: `bytes` must not change while they are used.
 * @throws WeightsError for anything but a whole file of this network
 */
export const parseWeights = (bytes: Uint8Array): WeightsFile => parseContainer(bytes, LANDMARKS);

/**
 * Writes a weights file.
 * @throws WeightsError when a tensor is missing
 */
export const serializeWeights = (file: WeightsFile): Uint8Array => serializeContainer(file, LANDMARKS);
