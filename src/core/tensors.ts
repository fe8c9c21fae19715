/**
 * The parameters of landmarks-regression-retail-0009: every tensor's name and shape, in the order of the stages.
 * Files hold them by name (container.ts); the kernels get them as one block of float32 in this order (packing
 * for the kernels happens in wasm, assembly/landmarks/pack.ts).
 */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

function stage(
  name: string,
  weight: readonly number[],
  withSlope: boolean,
  withAffine: boolean,
): TensorSpec[] {
  const out = weight[0]!;
  return [
    { name: `${name}.weight`, shape: weight },
    { name: `${name}.bias`, shape: [out] },
    ...(withSlope ? [{ name: `${name}.slope`, shape: [1] }] : []),
    ...(withAffine
      ? [
          { name: `${name}.scale`, shape: [out] },
          { name: `${name}.shift`, shape: [out] },
        ]
      : []),
  ];
}

export const TENSORS: readonly TensorSpec[] = [
  { name: "input.scale", shape: [3] },
  { name: "input.shift", shape: [3] },
  ...stage("conv1", [16, 3, 3, 3], true, true),
  ...stage("conv2", [32, 16, 3, 3], true, true),
  ...stage("conv3", [64, 32, 3, 3], true, true),
  ...stage("conv4", [64, 64, 3, 3], true, true),
  ...stage("conv5", [128, 64, 3, 3], true, true),
  ...stage("depthwise", [128, 6, 6], true, true),
  ...stage("fc1", [256, 128], true, true),
  ...stage("fc2", [64, 256], true, false),
  ...stage("fc3", [10, 64], false, false),
];

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
