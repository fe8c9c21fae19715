// TensorFlow.js is installed on demand, so its types aren't there.
// biome-ignore lint/suspicious/noExplicitAny: its tensors
type Tensor = any;
export function network(
  tf: Tensor,
  tensors: Record<string, { shape: readonly number[]; values: Float32Array }>,
): (faces: Tensor) => Tensor;
