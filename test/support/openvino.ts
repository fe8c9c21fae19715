/** Writes weights as an OpenVINO IR in the dresses that different releases gave the network. */

import { toFloat32, type WeightsFile } from "../../src/core/container.ts";
import { LANDMARKS } from "../../src/core/landmarks.ts";
import { list } from "../../src/formats/openvino/graph.ts";
import { random } from "./random.ts";

export interface Dress {
  version?: number;
  /** Constants give their type and shape by their output port alone, as early files of version 10 do. */
  early?: boolean;
  shuffle?: boolean;
  reverse?: "Gather" | "GatherFromEnd" | "ReverseChannels" | "StridedSlice" | "StridedSliceMasked";
  /** What a StridedSlice takes in place of [begin, end, strides]. */
  slice?: [number[], number[], number[]];
  slopes?: "channel" | "different";
  dense?: "MatMul" | "MatMulTransposed";
  capitals?: boolean;
  left?: boolean;
  reshape?: boolean;
  divide?: boolean;
  subtract?: boolean;
  /** With the data first, or in the order of its first version: gamma, beta, data, mean, variance. */
  norm?: "data first" | "data third";
  scaled?: boolean;
  /** Constants as float16: behind a Convert, a chain of them, or bare, as version 10 has them. */
  halves?: "Convert" | "chain" | "bare";
  quantised?: "FakeQuantize" | "i8";
  ranges?: boolean;
  insert?: string;
  stride?: number;
  cut?: string;
  branch?: boolean;
  type?: string;
  offset?: number;
  edge?: boolean;
}

interface Node {
  name: string;
  type: string;
  data: Record<string, string | number>;
  inputs: Node[];
}

/** To the nearest half, by the bits; the values here are in its normal range or flushed to zero. */
function half(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  return (
    ((bits >>> 16) & 0x8000) |
    (((exponent << 10) + ((bits & 0x7fffff) >>> 13) + ((bits >>> 12) & 1)) & 0x7fff)
  );
}

export function writeIr(weights: WeightsFile, dress: Dress): { xml: string; bin: Uint8Array } {
  const nodes: Node[] = [];
  const chunks: { node: Node; bytes: Uint8Array }[] = [];
  const get = (name: string) => toFloat32(weights.tensors.get(name)!);
  const add = (name: string, type: string, inputs: Node[], data: Node["data"] = {}): Node => {
    const node = { name, type, data, inputs };
    nodes.push(node);
    return node;
  };
  const raw = (name: string, shape: readonly number[], type: string, bytes: Uint8Array) => {
    const node = add(name, "Const", [], { element_type: type, shape: shape.join(", "), size: bytes.length });
    chunks.push({ node, bytes });
    return node;
  };
  const constant = (name: string, shape: readonly number[], values: Float32Array): Node => {
    if (!dress.halves) return raw(name, shape, dress.type ?? "f32", new Uint8Array(values.slice().buffer));
    const bytes = new Uint8Array(Uint16Array.from(values, half).buffer);
    if (dress.halves === "bare") return raw(name, shape, "f16", bytes);
    const convert = (name: string, from: Node, type: string) =>
      add(name, "Convert", [from], { destination_type: type });
    let last = raw(`${name}_compressed`, shape, "f16", bytes);
    if (dress.halves === "chain")
      last = convert(`${name}_half`, convert(`${name}_float`, last, "f32"), "f16");
    return convert(name, last, "f32");
  };
  const scalar = (name: string, value: number) =>
    raw(name, [], "f32", new Uint8Array(Float32Array.of(value).buffer));
  const integer = (name: string, values: number[], shape: number[]) =>
    raw(name, shape, "i64", new Uint8Array(BigInt64Array.from(values, BigInt).buffer));

  let last = add("crops", "Parameter", [], { shape: "1,3,48,48", element_type: "f32" });
  const combine = (name: string, type: string, operand: Node) => {
    const commutes = type === "Add" || type === "Multiply";
    last = add(name, type, dress.left && commutes ? [operand, last] : [last, operand], {
      auto_broadcast: "numpy",
    });
  };
  const plus = (name: string, shape: number[], values: Float32Array) => {
    if (dress.subtract)
      combine(
        name,
        "Subtract",
        constant(
          `${name}.value`,
          shape,
          values.map((v) => -v),
        ),
      );
    else combine(name, "Add", constant(`${name}.value`, shape, values));
  };
  const times = (name: string, shape: number[], values: Float32Array) => {
    if (dress.divide)
      combine(
        name,
        "Divide",
        constant(
          `${name}.value`,
          shape,
          values.map((v) => 1 / v),
        ),
      );
    else combine(name, "Multiply", constant(`${name}.value`, shape, values));
  };
  const range = (name: string, low: number, high: number) => {
    if (!dress.ranges) return;
    const bounds = [low, high, low, high].map((value, i) => scalar(`${name}.bound${i}`, value));
    last = add(`${name}.range`, "FakeQuantize", [last, ...bounds], { levels: 256 });
  };
  /** The weights as the release has them, as a node. */
  const quantised = (name: string, shape: readonly number[], values: Float32Array): Node => {
    if (!dress.quantised) return constant(name, shape, values);
    const outputs = shape[0]!;
    const each = values.length / outputs;
    const largest = Float32Array.from({ length: outputs }, (_, o) =>
      Math.max(...values.subarray(o * each, (o + 1) * each).map(Math.abs)),
    );
    const perOutput = [outputs, ...shape.slice(1).map(() => 1)];
    if (dress.quantised === "FakeQuantize") {
      const high = constant(`${name}.high`, perOutput, largest);
      const low = constant(
        `${name}.low`,
        perOutput,
        largest.map((v) => -v),
      );
      return add(name, "FakeQuantize", [constant(`${name}.float`, shape, values), low, high, low, high], {
        levels: 255,
      });
    }
    const zeroPoint = 3;
    const bytes = Int8Array.from(values, (v, i) =>
      Math.min(127, Math.round((v / largest[Math.floor(i / each)]!) * 124) + zeroPoint),
    );
    const converted = add(`${name}.converted`, "Convert", [
      raw(`${name}.bytes`, shape, "i8", new Uint8Array(bytes.buffer)),
    ]);
    const centred = add(`${name}.centred`, "Subtract", [converted, scalar(`${name}.zero`, zeroPoint)]);
    return add(name, "Multiply", [
      centred,
      constant(
        `${name}.step`,
        perOutput,
        largest.map((v) => v / 124),
      ),
    ]);
  };

  // The input: its channels as they come, or reversed, and then the tables that follow reversed too.
  const order = dress.reverse ? [2, 1, 0] : [0, 1, 2];
  const reordered = (values: Float32Array, each: number, channels: number) =>
    Float32Array.from(values, (_, i) => {
      const inner = i % each;
      const channel = Math.floor(i / each) % channels;
      return values[(Math.floor(i / each / channels) * channels + order[channel]!) * each + inner]!;
    });
  if (dress.reshape)
    last = add("reshape", "Reshape", [last, integer("reshape.shape", [1, 3, 48, 48], [4])], {
      special_zero: "true",
    });
  if (dress.reverse === "ReverseChannels") last = add("reverse", "ReverseChannels", [last], { axis: 1 });
  if (dress.reverse?.startsWith("Gather"))
    last = add("reverse", "Gather", [
      last,
      integer("reverse.indices", order, [3]),
      integer("reverse.axis", [dress.reverse === "Gather" ? 1 : -3], []),
    ]);
  if (dress.reverse?.startsWith("StridedSlice")) {
    const masked = dress.reverse === "StridedSliceMasked";
    const whole = masked
      ? [
          [0, 0],
          [0, 0],
          [1, -1],
        ]
      : [
          [0, -1, 0, 0],
          [1, -2147483648, 48, 2147483647],
          [1, -1, 1, 1],
        ];
    const [begin, end, strides] = (dress.slice ?? whole).map((values, i) =>
      integer(`reverse.range${i}`, values, [values.length]),
    );
    const mask = masked ? "1, 1" : "0, 0, 0, 0";
    last = add("reverse", "StridedSlice", [last, begin!, end!, strides!], {
      ...{ begin_mask: mask, end_mask: mask },
      ...{ new_axis_mask: "", shrink_axis_mask: "0, 0", ellipsis_mask: "" },
    });
  }
  times("input.mul", [1, 3, 1, 1], reordered(get("input.scale"), 1, 3));
  plus("input.add", [1, 3, 1, 1], reordered(get("input.shift"), 1, 3));
  range("input", -2, 2);

  for (const { name: stage, kind, inputs, outputs, ...has } of LANDMARKS.stages.slice(1)) {
    const isDense = kind === "dense";
    let values = get(`${stage}.weight`);
    const channels = [1, outputs, 1, 1];
    if (stage === "conv1") values = reordered(values, 9, 3);
    const factor = Float32Array.from({ length: outputs }, (_, i) => 0.5 + (i % 7) / 4);
    if (dress.scaled) {
      const each = values.length / outputs;
      values = values.map((v, i) => v / factor[Math.floor(i / each)]!);
    }
    if (isDense && dress.dense) {
      const transposed = dress.dense === "MatMulTransposed";
      const table = transposed
        ? values
        : values.map((_, i) => values[(i % outputs) * inputs + Math.floor(i / outputs)]!);
      const shape = transposed ? [outputs, inputs] : [inputs, outputs];
      last = add(stage, "MatMul", [last, constant(`${stage}.weight`, shape, table)], {
        transpose_a: dress.capitals ? "False" : "false",
        transpose_b: dress.capitals ? (transposed ? "True" : "False") : String(transposed),
      });
    } else {
      const shape = {
        depthwise: [outputs, 1, 1, has.size, has.size],
        dense: [outputs, inputs, 1, 1],
        conv: [outputs, inputs, 3, 3],
        input: [],
      }[kind];
      const pad = kind === "conv" ? "1,1" : "0,0";
      const stride = stage === "conv1" ? (dress.stride ?? 1) : 1;
      last = add(
        stage,
        kind === "depthwise" ? "GroupConvolution" : "Convolution",
        [last, quantised(`${stage}.weight`, shape, values)],
        {
          strides: `${stride},${stride}`,
          dilations: "1,1",
          pads_begin: pad,
          pads_end: pad,
          auto_pad: "explicit",
        },
      );
    }
    const perChannel = isDense && dress.dense ? [1, outputs] : channels;
    if (dress.scaled)
      combine(`${stage}.factor`, "Multiply", constant(`${stage}.factor.value`, perChannel, factor));
    plus(`${stage}.bias`, perChannel, get(`${stage}.bias`));
    if (!has.slope) break;
    const slope = get(`${stage}.slope`);
    const slopes = new Float32Array(dress.slopes ? outputs : 1).fill(slope[0]!);
    if (dress.slopes === "different" && stage === "conv2") slopes[5] = 0.7;
    last = add(`${stage}.prelu`, "PReLU", [last, constant(`${stage}.slope`, [slopes.length], slopes)]);
    if (dress.cut === stage) break;
    if (has.pooled) {
      range(`${stage}.prelu`, -1, 9);
      last = add(`${stage}.pool`, "MaxPool", [last], {
        kernel: "2, 2",
        strides: "2, 2",
        pads_begin: "0, 0",
        pads_end: "0, 0",
      });
    }
    if (has.affine) {
      const scale = get(`${stage}.scale`);
      const shift = get(`${stage}.shift`);
      if (dress.norm) {
        // gamma / sqrt(variance + ε) = scale, beta − mean · scale = shift
        const epsilon = 1e-3;
        const variance = scale.map((_, i) => 0.5 + (i % 5));
        const mean = scale.map((_, i) => (i % 3) - 1);
        const gamma = scale.map((s, i) => s * Math.sqrt(variance[i]! + epsilon));
        const beta = shift.map((s, i) => s + mean[i]! * scale[i]!);
        const tables = Object.entries({ gamma, beta, mean, variance }).map(([name, table]) =>
          constant(`${stage}.${name}`, [outputs], table),
        );
        tables.splice(dress.norm === "data first" ? 0 : 2, 0, last);
        last = add(`${stage}.norm`, "BatchNormInference", tables, { epsilon });
      } else {
        times(`${stage}.mul`, perChannel, scale);
        plus(`${stage}.add`, perChannel, shift);
      }
    }
    range(stage, -1.5, 3);
    if (dress.insert && stage === "conv4")
      last = add("extra", dress.insert, [
        last,
        constant("extra.weight", [64, 64, 1, 1], new Float32Array(4096)),
      ]);
  }
  if (!dress.cut) last = add("landmarks", "Sigmoid", [last]);
  if (dress.branch) add("other", "Sigmoid", [nodes.find(({ name }) => name === "conv3")!]);
  add("result", "Result", [last]);

  const next = random(3);
  if (dress.shuffle) chunks.sort(() => next() - 0.5);
  const bin = new Uint8Array(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { node, bytes } of chunks) {
    node.data.offset = dress.offset ?? at;
    bin.set(bytes, at);
    at += bytes.length;
  }
  const id = (node: Node) => nodes.indexOf(node);
  const attributes = (data: Node["data"]) =>
    Object.entries(data)
      .map(([key, value]) => ` ${key}="${value}"`)
      .join("");
  const ports = (node: Node) => node.inputs.map((_, i) => `<port id="${i}" precision="FP32"/>`).join("");
  const layer = (node: Node) => {
    const { element_type: type, shape, ...place } = node.data;
    const isEarly = dress.early && node.type === "Const";
    const dims = isEarly
      ? list(String(shape))
          .map((n) => `<dim>${n}</dim>`)
          .join("")
      : "";
    const precision = isEarly ? String(type).toUpperCase().replace(/^F/, "FP") : "FP32";
    return (
      `<layer id="${id(node)}" name="${node.name}" type="${node.type}" version="opset1"><data${attributes(isEarly ? place : node.data)}/>` +
      `${node.inputs.length ? `<input>${ports(node)}</input>` : ""}<output><port id="${node.inputs.length}" precision="${precision}">${dims}</port></output></layer>`
    );
  };
  const edges = nodes.flatMap((node) =>
    node.inputs.map(
      (input, i) =>
        `<edge from-layer="${id(input)}" from-port="${input.inputs.length}" to-layer="${id(node)}" to-port="${i}"/>`,
    ),
  );
  if (dress.edge) edges.push(`<edge from-layer="0" from-port="0" to-layer="9999" to-port="0"/>`);
  const xml = `<?xml version="1.0"?>\n<net name="test" version="${dress.version ?? 11}"><layers>${nodes.map(layer).join("\n")}</layers><edges>${edges.join("\n")}</edges></net>`;
  return { xml, bin };
}
