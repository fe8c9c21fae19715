/**
 * Maps an OpenVINO IR of landmarks-regression-retail-0009 on to the stages of the network. It walks the graph from the input
 * layer by layer to the output, whatever form the release gave it, and refuses by name a layer that has no place.
 */
import { asBytes } from "../../core/bytes.ts";
import {
  checkFinite,
  type Tensor,
  toTensor,
  type WeightsFile,
  type WeightsMetadata,
} from "../../core/container.ts";
import { expected, WeightsError } from "../../core/errors.ts";
import { LANDMARKS, TENSORS } from "../../core/landmarks.ts";
import { type Stage, type TensorSpec, tensorsOf } from "../../core/network.ts";
import { type Constant, Constants } from "./constants.ts";
import { type Layer, list, readGraph, refusal } from "./graph.ts";

const [INPUT, ...STAGES] = LANDMARKS.stages as [Stage, ...Stage[]];
const LAST = STAGES.at(-1)!;

/** How far a walk has come in a stage; the operations of a stage come in this order. */
const Step = { Weight: 0, Slope: 1, Pool: 2, Affine: 3 } as const;

/** What the walk has found of a stage. */
interface Found {
  readonly stage: Stage;
  step: number;
  weight: Float32Array;
  bias: Float32Array;
  slope?: Float32Array;
  scale: Float32Array;
  shift: Float32Array;
}

/** Arithmetic with a constant v as x · by + add. */
const AFFINES = {
  Add: (v: number) => [1, v],
  Subtract: (v: number) => [1, -v],
  Multiply: (v: number) => [v, 0],
  Divide: (v: number) => [1 / v, 0],
};
/** Layers that take the activations as any input; the others have them first. */
const DATA_ANYWHERE = new Set(["Add", "Multiply", "BatchNormInference"]);

/**
 * @param xml text of the model's `.xml`
 * @param bin bytes of its `.bin`
 * @param metadata what the weights file is to say of itself
 * @returns all tensors as float32. Ranges of activations that the model was quantised with are kept in the metadata's
 *   `ranges` (container.ts), and not applied.
 * @throws WeightsError that names the layer which doesn't fit, TypeError when it isn't given text and bytes
 */
export function importOpenVino(
  xml: string,
  bin: Uint8Array,
  metadata: Partial<WeightsMetadata> = {},
): WeightsFile {
  if (typeof xml !== "string") throw expected(TypeError, "xml", "the text of a model's .xml", xml);
  const bytes = asBytes(bin);
  if (!bytes) throw expected(TypeError, "bin", "a Uint8Array of a model's .bin", bin);
  const layers = readGraph(xml);
  const constants = new Constants(bytes);
  const walk = new Walk(constants);
  const [input, ...others] = layers.filter(({ type }) => type === "Parameter");
  if (!input || others.length > 0) throw new WeightsError("The model must have one input.");
  for (let last = input; ; ) {
    const next = layers.filter(({ inputs }) => inputs.includes(last));
    if (next.length !== 1) {
      throw new WeightsError(
        `${next.length} layers follow "${last.name}", but this network is a single path.`,
      );
    }
    const layer = next[0]!;
    if (layer.type === "Result") break;
    walk.take(layer, layer.inputs.indexOf(last));
    last = layer;
  }
  return walk.finish(metadata);
}

/** True for two numbers `n`, one for each direction. */
function isPair(text: string | undefined, n: number): boolean {
  const [y, x, ...others] = list(text);
  return y === n && x === n && others.length === 0;
}

/** True when the layer pads by `pad` on each side; `same` is the pad that keeps the size, where there is one. */
function isPadded({ auto_pad, pads_begin, pads_end }: Layer["data"], pad: number, same?: number): boolean {
  if (auto_pad === "valid") return pad === 0;
  if (auto_pad === "same_upper" || auto_pad === "same_lower") return pad === same;
  return isPair(pads_begin, pad) && isPair(pads_end, pad);
}

/** Some releases write True. */
function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

class Walk {
  readonly #constants: Constants;
  readonly #found: Found[] = [];
  readonly #ranges: Record<string, [number, number]> = {};
  /** Position in the model's input of each of the three channels as they reach the current layer. */
  #order = [0, 1, 2];
  readonly #inputScale = new Float32Array(INPUT.inputs).fill(1);
  readonly #inputShift = new Float32Array(INPUT.inputs);
  #sigmoid = false;

  constructor(constants: Constants) {
    this.#constants = constants;
  }

  readonly #operations: Readonly<Record<string, (layer: Layer, data: number) => void>> = {
    Add: (layer, data) => this.#arithmetic(layer, data),
    Subtract: (layer, data) => this.#arithmetic(layer, data),
    Multiply: (layer, data) => this.#arithmetic(layer, data),
    Divide: (layer, data) => this.#arithmetic(layer, data),
    BatchNormInference: (layer) => this.#batchNorm(layer),
    Gather: (layer) => this.#reorder(layer),
    ReverseChannels: (layer) => this.#reorder(layer),
    StridedSlice: (layer) => this.#reorder(layer),
    Convolution: (layer) => this.#convolution(layer),
    GroupConvolution: (layer) => this.#convolution(layer),
    MatMul: (layer) => this.#convolution(layer),
    PReLU: (layer) => this.#prelu(layer),
    MaxPool: (layer) => this.#pool(layer),
    FakeQuantize: (layer) => this.#fakeQuantize(layer),
    Sigmoid: (layer) => this.#end(layer),
    Convert: (layer) => this.#convert(layer),
    // Shapes of activations are the network's own.
    Reshape: () => {},
    Squeeze: () => {},
  };

  /** Takes the next layer of the path, whose input `data` comes from the one before. */
  take(layer: Layer, data: number): void {
    const { type } = layer;
    if (this.#sigmoid) throw refusal(layer, "follows the sigmoid");
    const operation = Object.hasOwn(this.#operations, type) && this.#operations[type];
    if (!operation) throw refusal(layer, "has no place in this network");
    if (data !== 0 && !DATA_ANYWHERE.has(type)) {
      throw refusal(layer, `has the activations as input ${data}, not 0`);
    }
    operation(layer, data);
  }

  get #last(): Found | undefined {
    return this.#found.at(-1);
  }

  /** Channels of the activations. */
  get #channels(): number {
    return (this.#last?.stage ?? INPUT).outputs;
  }

  #constant(layer: Layer, input: number, what: string): Constant {
    const from = layer.inputs[input];
    const constant = from && this.#constants.get(from);
    if (!constant) throw refusal(layer, `has no constant ${what}`);
    return constant;
  }

  /** A constant's value for each channel: one for all, or along axis 1 of N×C×H×W. */
  #perChannel(layer: Layer, { shape, values }: Constant): Float32Array {
    const channels = this.#channels;
    if (values.length === 1) return new Float32Array(channels).fill(values[0]!);
    const axis = shape.length >= 3 ? shape.length - 3 : shape.length - 1;
    if (values.length !== channels || shape[axis] !== channels) {
      throw refusal(
        layer,
        `has a constant of the shape [${shape}], not one value for each of ${channels} channels`,
      );
    }
    return values;
  }

  #arithmetic(layer: Layer, data: number): void {
    const values = this.#perChannel(layer, this.#constant(layer, 1 - data, "operand"));
    const pairs = Array.from(values, AFFINES[layer.type as keyof typeof AFFINES]);
    const column = (i: 0 | 1) => Float32Array.from(pairs, (pair) => pair[i]!);
    this.#affine(layer, column(0), column(1));
  }

  /** gamma · (x − mean) / sqrt(variance + ε) + beta; IR 10's first version has the data third. */
  #batchNorm(layer: Layer): void {
    const parameters = layer.inputs
      .filter((input) => this.#constants.get(input))
      .map((input) => this.#constants.get(input)!);
    if (parameters.length !== 4) throw refusal(layer, "must have four constant inputs");
    const [gamma, beta, mean, variance] = parameters.map((p) => this.#perChannel(layer, p)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const epsilon = Number(layer.data.epsilon ?? layer.data.eps);
    const scale = gamma.map((g, i) => g / Math.sqrt(variance[i]! + epsilon));
    this.#affine(
      layer,
      scale,
      beta.map((b, i) => b - mean[i]! * scale[i]!),
    );
  }

  /** Takes x · by + add: on the input, before the slope (into weight and bias), or at the end of the stage. */
  #affine(layer: Layer, by: Float32Array, add: Float32Array): void {
    const found = this.#last;
    if (!found) {
      this.#order.forEach((to, from) => {
        this.#inputScale[to]! *= by[from]!;
        this.#inputShift[to] = this.#inputShift[to]! * by[from]! + add[from]!;
      });
      return;
    }
    const { name, outputs, affine } = found.stage;
    if (found.step === Step.Weight) {
      const each = found.weight.length / outputs;
      found.weight = found.weight.map((w, i) => w * by[Math.floor(i / each)]!);
      found.bias = found.bias.map((b, i) => b * by[i]! + add[i]!);
      return;
    }
    if (!affine) throw refusal(layer, `follows ${name}, which has no affine`);
    found.step = Step.Affine;
    found.scale = found.scale.map((s, i) => s * by[i]!);
    found.shift = found.shift.map((s, i) => s * by[i]! + add[i]!);
  }

  #reorder(layer: Layer): void {
    if (this.#last) throw refusal(layer, "reorders channels inside the network");
    let indices = [2, 1, 0];
    if (layer.type === "Gather") {
      const axis = layer.inputs[2] ? this.#constant(layer, 2, "axis").values[0] : Number(layer.data.axis);
      indices = [...this.#constant(layer, 1, "indices").values];
      if ((axis !== 1 && axis !== -3) || [...indices].sort().join() !== "0,1,2") {
        throw refusal(layer, "must reorder the three channels");
      }
    }
    if (layer.type === "StridedSlice" && !this.#isReversal(layer)) {
      throw refusal(layer, "must reverse the channels and take all else as it is");
    }
    this.#order = indices.map((from) => this.#order[from]!);
  }

  /** Whether a StridedSlice takes all of the input, with the channels from the last to the first. */
  #isReversal(layer: Layer): boolean {
    const [begin, end, strides] = [1, 2, 3].map((input) => this.#constant(layer, input, "range").values);
    const isMasked = (mask: string, axis: number) => list(layer.data[mask])[axis] === 1;
    return (
      ["new_axis_mask", "shrink_axis_mask", "ellipsis_mask"].every(
        (mask) => !list(layer.data[mask]).includes(1),
      ) &&
      [1, INPUT.inputs, INPUT.size, INPUT.size].every((size, axis) => {
        const backwards = axis === 1;
        if (axis >= strides!.length) return !backwards; // axes that aren't named are taken whole
        const first = begin![axis]!;
        const last = end![axis]!;
        return (
          strides![axis] === (backwards ? -1 : 1) &&
          (isMasked("begin_mask", axis) || (backwards ? first === -1 || first >= size - 1 : first === 0)) &&
          (isMasked("end_mask", axis) || (backwards ? last < -size : last >= size))
        );
      })
    );
  }

  #convolution(layer: Layer): void {
    const { type, data } = layer;
    const before = this.#last;
    const stage = STAGES[this.#found.length];
    if (!stage) throw refusal(layer, "comes after the last stage");
    if (before && (before.slope === undefined || (before.stage.pooled && before.step < Step.Pool))) {
      throw refusal(
        layer,
        `starts a stage before ${before.stage.name} has its PReLU${before.stage.pooled ? " and its pooling" : ""}`,
      );
    }
    const { inputs, outputs, kind } = stage;
    const [{ shape }] = tensorsOf(stage) as [TensorSpec];
    const constant = this.#constant(layer, 1, "weight");
    const size = constant.shape.filter((n) => n !== 1);
    const transposed = type === "MatMul" && !isTrue(data.transpose_b);
    if (isTrue(data.transpose_a)) throw refusal(layer, "transposes its input");
    const wanted = transposed ? [...shape].reverse() : shape;
    if (
      size.join() !== wanted.filter((n) => n !== 1).join() ||
      (type === "GroupConvolution") !== (kind === "depthwise")
    ) {
      throw refusal(layer, `has the weights [${constant.shape}], where ${stage.name} has [${shape}]`);
    }
    if (type !== "MatMul") {
      const pad = kind === "conv" ? 1 : 0;
      const same = kind === "depthwise" ? undefined : pad;
      if (!isPair(data.strides, 1) || !isPair(data.dilations, 1) || !isPadded(data, pad, same)) {
        throw refusal(layer, `has other strides, dilations or pads than ${stage.name}`);
      }
    }
    let weight = constant.values.slice();
    if (transposed) {
      weight = Float32Array.from(
        weight,
        (_, i) => constant.values[(i % inputs) * outputs + Math.floor(i / inputs)]!,
      );
    }
    if (!before) {
      // The channels go back into the order of the input.
      weight = Float32Array.from(weight, (_, i) => {
        const channel = Math.floor(i / 9) % inputs;
        return constant.values[i + 9 * (this.#order.indexOf(channel) - channel)]!;
      });
    }
    this.#found.push({
      stage,
      step: Step.Weight,
      weight,
      bias: new Float32Array(outputs),
      scale: new Float32Array(outputs).fill(1),
      shift: new Float32Array(outputs),
    });
  }

  #prelu(layer: Layer): void {
    const found = this.#last;
    if (found?.step !== Step.Weight || !found.stage.slope)
      throw refusal(layer, `has no place after ${found?.stage.name ?? "the input"}`);
    const { values } = this.#constant(layer, 1, "slope");
    if (values.some((slope) => slope !== values[0])) {
      throw refusal(layer, "has slopes that differ by channel: each stage here has one");
    }
    found.slope = values.slice(0, 1);
    found.step = Step.Slope;
  }

  #pool(layer: Layer): void {
    const found = this.#last;
    const { data } = layer;
    if (!found?.stage.pooled || found.step !== Step.Slope) {
      const pooled = STAGES.filter((stage) => stage.pooled).map((stage) => stage.name);
      throw refusal(layer, `has no place there: ${pooled.join(", ")} pool after their PReLU`);
    }
    const isPlain =
      isPair(data.kernel, 2) &&
      isPair(data.strides, 2) &&
      (data.dilations === undefined || isPair(data.dilations, 1)) &&
      isPadded(data, 0, 0);
    if (!isPlain) throw refusal(layer, "isn't 2×2 with stride 2");
    found.step = Step.Pool;
  }

  #convert(layer: Layer): void {
    const type = layer.data.destination_type;
    if (type !== "f32" && type !== "f16")
      throw refusal(layer, `makes the activations ${type}, not f32 or f16`);
  }

  /** Keeps the range of a stage's output; activations between its PReLU and its pooling have one too, which isn't needed. */
  #fakeQuantize(layer: Layer): void {
    const { step = Step.Affine, stage = INPUT } = this.#last ?? {};
    if (step < (stage.affine ? Step.Affine : Step.Slope)) return;
    const low = this.#constant(layer, 1, "range").values;
    const high = this.#constant(layer, 2, "range").values;
    this.#ranges[stage.name] = [Math.min(...low), Math.max(...high)];
  }

  #end(layer: Layer): void {
    if (this.#last?.stage !== LAST) throw refusal(layer, "comes before the last stage");
    this.#sigmoid = true;
  }

  finish(metadata: Partial<WeightsMetadata>): WeightsFile {
    if (!this.#sigmoid)
      throw new WeightsError(
        `The model ends after ${this.#last?.stage.name ?? "its input"}, before the sigmoid of ${LAST.name}.`,
      );
    const values = new Map<string, Float32Array>([
      [`${INPUT.name}.scale`, this.#inputScale],
      [`${INPUT.name}.shift`, this.#inputShift],
    ]);
    for (const found of this.#found) {
      for (const part of ["weight", "bias", "slope", "scale", "shift"] as const)
        if (found[part]) values.set(`${found.stage.name}.${part}`, found[part]);
    }
    const tensors = TENSORS.map(({ name, shape }): [string, Tensor] => [
      name,
      toTensor(name, "F32", shape, values.get(name)!),
    ]);
    const ranges = Object.keys(this.#ranges).length ? { ranges: JSON.stringify(this.#ranges) } : {};
    const file: WeightsFile = {
      metadata: {
        version: "1.0.0",
        name: "landmarks-regression-retail-0009",
        license: "Apache-2.0",
        source: "OpenVINO IR",
        ...ranges,
        ...metadata,
        format: LANDMARKS.format,
      },
      tensors: new Map(tensors),
    };
    checkFinite(file);
    return file;
  }
}
