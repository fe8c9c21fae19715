/**
 * The network with its weights as an ONNX model (https://onnx.ai), for native runtimes: to compare with, or to use
 * where one is at hand. Field numbers and enumerations are those of onnx.proto.
 */
import { PbfWriter } from "pbf";
import { toFloat32, type WeightsFile } from "../core/container.ts";
import { LANDMARKS } from "../core/landmarks.ts";
import type { Stage } from "../core/network.ts";

type Write = (pbf: PbfWriter) => void;

/** Writes a nested message into `field`. */
const message = (pbf: PbfWriter, field: number, write: Write): void =>
  pbf.writeMessage(field, (_: undefined, nested: PbfWriter) => write(nested), undefined);

const FLOAT = 1; // TensorProto.DataType

function tensor(name: string, dims: readonly number[], values: Float32Array): Write {
  return (pbf) => {
    for (const dim of dims) pbf.writeVarintField(1, dim);
    pbf.writeVarintField(2, FLOAT);
    pbf.writeStringField(8, name);
    pbf.writeBytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  };
}

/** A NodeProto with an attribute for each number (FLOAT) and each list (INTS) of `attributes`. */
function node(
  type: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number | number[]> = {},
): Write {
  return (pbf) => {
    for (const input of inputs) pbf.writeStringField(1, input);
    pbf.writeStringField(2, output);
    pbf.writeStringField(3, output);
    pbf.writeStringField(4, type);
    for (const [name, value] of Object.entries(attributes)) {
      message(pbf, 5, (attribute) => {
        attribute.writeStringField(1, name);
        if (Array.isArray(value)) {
          for (const each of value) attribute.writeVarintField(8, each);
          attribute.writeVarintField(20, 7);
        } else if (name === "alpha") {
          attribute.writeFloatField(2, value);
          attribute.writeVarintField(20, 1);
        } else {
          attribute.writeVarintField(3, value);
          attribute.writeVarintField(20, 2);
        }
      });
    }
  };
}

/** A ValueInfoProto: float, its first dimension the batch. */
function value(name: string, dims: number[]): Write {
  return (pbf) => {
    pbf.writeStringField(1, name);
    message(pbf, 2, (type) =>
      message(type, 1, (tensorType) => {
        tensorType.writeVarintField(1, FLOAT);
        message(tensorType, 2, (shape) => {
          message(shape, 1, (dim) => dim.writeStringField(2, "batch"));
          for (const size of dims) message(shape, 1, (dim) => dim.writeVarintField(1, size));
        });
      }),
    );
  };
}

/**
 * Writes the model: input `crops`, float N×3×48×48, BGR, 0..255; output `landmarks`, float N×10, in 0..1. Ordinary
 * operators that every runtime fuses: a PReLU of one slope is a LeakyRelu, a frozen batch norm a BatchNormalization.
 */
export function exportOnnx({ metadata, tensors }: WeightsFile): Uint8Array {
  const nodes: Write[] = [];
  const initializers: Write[] = [];
  const get = (name: string) => toFloat32(tensors.get(name)!);
  const constant = (name: string, dims: readonly number[], values = get(name)) => {
    initializers.push(tensor(name, dims, values));
    return name;
  };
  let last = "crops";
  const add = (
    type: string,
    name: string,
    constants: string[],
    attributes?: Record<string, number | number[]>,
  ) => {
    nodes.push(node(type, [last, ...constants], name, attributes));
    last = name;
  };
  const affine = ({ name, outputs }: Stage) => {
    const shape = [outputs];
    const constants = [
      constant(`${name}.scale`, shape),
      constant(`${name}.shift`, shape),
      constant(`${name}.mean`, shape, new Float32Array(outputs)),
      // With variance 1 − ε the runtime's scale / sqrt(variance + ε) is the scale.
      constant(`${name}.variance`, shape, new Float32Array(outputs).fill(1 - 1e-5)),
    ];
    add("BatchNormalization", `${name}.norm`, constants);
  };

  const [input, ...stages] = LANDMARKS.stages as [Stage, ...Stage[]];
  const outputs = stages.at(-1)!.outputs;
  add("Mul", "input.mul", [constant("input.scale", [1, input.outputs, 1, 1])]);
  add("Add", "input.add", [constant("input.shift", [1, input.outputs, 1, 1])]);
  for (const stage of stages) {
    const { name, kind, size } = stage;
    const { shape } = tensors.get(`${name}.weight`)!;
    const filters = kind === "depthwise" ? [stage.outputs, 1, size, size] : shape;
    const parameters = () => [constant(`${name}.weight`, filters), constant(`${name}.bias`, [stage.outputs])];
    if (kind === "dense") {
      add("Gemm", name, parameters(), { transB: 1 });
    } else if (kind === "depthwise") {
      add("Conv", name, parameters(), { kernel_shape: [size, size], group: stage.outputs });
    } else {
      add("Conv", name, parameters(), { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    }
    if (stage.slope) add("LeakyRelu", `${name}.prelu`, [], { alpha: get(`${name}.slope`)[0]! });
    if (stage.pooled) add("MaxPool", `${name}.pool`, [], { kernel_shape: [2, 2], strides: [2, 2] });
    if (stage.affine) affine(stage);
    if (kind === "depthwise") add("Flatten", "features", []); // of maps of one pixel
  }
  add("Sigmoid", "landmarks", []);

  const model = new PbfWriter();
  model.writeVarintField(1, 8); // ir_version
  model.writeStringField(2, "fivepoint");
  message(model, 7, (graph) => {
    for (const each of nodes) message(graph, 1, each);
    graph.writeStringField(2, metadata.name);
    for (const each of initializers) message(graph, 5, each);
    message(graph, 11, value("crops", [input.inputs, input.size, input.size]));
    message(graph, 12, value("landmarks", [outputs]));
  });
  message(model, 8, (opset) => opset.writeVarintField(2, 15));
  return model.finish();
}
