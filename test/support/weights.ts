import { type Tensor, toFloat32, toTensor, type WeightsFile } from "../../src/core/container.ts";
import { LANDMARKS, parseWeights, serializeWeights } from "../../src/core/landmarks.ts";
import { elements, type Network, tensorsOf } from "../../src/core/network.ts";
import { random } from "./random.ts";

/** Weights of a network that keeps its signals lively: float32, variance by fan-in, slopes of both signs. */
export function randomWeights(seed: number, network: Network = LANDMARKS): WeightsFile {
  const next = random(seed);
  const symmetric = () => 2 * next() - 1;
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of network.stages.flatMap(tensorsOf)) {
    const fanIn = elements(shape) / shape[0]!;
    const draw: Record<string, () => number> = {
      weight: () => symmetric() * Math.sqrt(3 / fanIn),
      bias: () => 0.1 * symmetric(),
      slope: () => 0.3 * symmetric(),
      scale: () => (name === "input.scale" ? 0.02 : 1) * (1 + 0.3 * symmetric()),
      shift: () => 0.2 * symmetric(),
    };
    const values = Float32Array.from({ length: elements(shape) }, draw[name.split(".")[1]!]!);
    tensors.set(name, { dtype: "F32", shape, data: new Uint8Array(values.buffer) });
  }
  const metadata = {
    format: network.format,
    version: "1",
    name: `random ${seed}`,
    license: "none",
    source: "a test",
  };
  return { metadata, tensors };
}

/** The weights of a file, some of them changed. */
export function changedWeights(
  bytes: Uint8Array,
  name: RegExp,
  change: (value: number) => number,
): Uint8Array {
  const { metadata, tensors } = parseWeights(bytes);
  const changed = [...tensors].map(([own, tensor]): [string, Tensor] => [
    own,
    name.test(own) ? toTensor(own, "F32", tensor.shape, toFloat32(tensor).map(change)) : tensor,
  ]);
  return serializeWeights({ metadata, tensors: new Map(changed) });
}
