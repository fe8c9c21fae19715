/**
 * Maps an OpenVINO IR of landmarks-regression-retail-0009 on to the stages of the network, by its graph: from the input
 * layer by layer to the output, whatever dress the release gave it. What has no place is refused by name.
 */
import { asBytes } from "../../core/bytes.ts";
import type { Tensor, WeightsFile, WeightsMetadata } from "../../core/container.ts";
import { expected, WeightsError } from "../../core/errors.ts";
import { elements, TENSORS } from "../../core/tensors.ts";
import { type Constant, Constants } from "./constants.ts";
import { type Layer, list, readGraph } from "./graph.ts";

/** Where a walk through a stage stands; a stage's operations come in this order. */
const Step = { Weight: 0, Slope: 1, Pool: 2, Affine: 3 } as const;

interface Stage {
  readonly name: string;
  readonly channels: number;
  readonly pooled: boolean;
  step: number;
  weight: Float32Array;
  bias: Float32Array;
  slope?: number;
  scale: Float32Array;
  shift: Float32Array;
}

const STAGES = [
  { name: "conv1", kernel: 3, pooled: true },
  { name: "conv2", kernel: 3, pooled: true },
  { name: "conv3", kernel: 3, pooled: true },
  { name: "conv4", kernel: 3, pooled: false },
  { name: "conv5", kernel: 3, pooled: false },
  { name: "depthwise", kernel: 6, pooled: false },
  { name: "fc1", kernel: 1, pooled: false },
  { name: "fc2", kernel: 1, pooled: false },
  { name: "fc3", kernel: 1, pooled: false },
] as const;
/** Layers that take the activations as any input; the others have them first. */
const DATA_ANYWHERE = new Set(["Add", "Multiply", "BatchNormInference"]);
const SHAPES = new Map(TENSORS.map(({ name, shape }) => [name, shape]));

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
  const { layers } = readGraph(xml);
  const constants = new Constants(bytes);
  const walk = new Walk(constants);
  const [input, ...others] = layers.filter(({ type }) => type === "Parameter");
  if (!input || others.length > 0) throw new WeightsError("The model must have one input.");
  for (let last = input; ; ) {
    const next = layers.filter(({ inputs }) => inputs.includes(last));
    if (next.length !== 1) {
      throw new WeightsError(`${next.length} layers follow "${last.name}": the network has one path.`);
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

/** True when the layer pads by `pad` on each side; `same` is what it comes to when told to keep the size. */
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
  readonly #stages: Stage[] = [];
  readonly #ranges: Record<string, [number, number]> = {};
  /** Position in the model's input of each of the three channels as they come to the layer at hand. */
  #order = [0, 1, 2];
  readonly #inputScale = new Float32Array(3).fill(1);
  readonly #inputShift = new Float32Array(3);
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
    const { type, name } = layer;
    if (this.#sigmoid) throw new WeightsError(`The layer "${name}" (${type}) follows the sigmoid.`);
    const operation = Object.hasOwn(this.#operations, type) && this.#operations[type];
    if (!operation) throw new WeightsError(`The layer "${name}" (${type}) has no place in this network.`);
    if (data !== 0 && !DATA_ANYWHERE.has(type)) {
      throw new WeightsError(`The layer "${name}" (${type}) has the activations as input ${data}, not 0.`);
    }
    operation(layer, data);
  }

  get #stage(): Stage | undefined {
    return this.#stages.at(-1);
  }

  #constant(layer: Layer, input: number, what: string): Constant {
    const from = layer.inputs[input];
    const constant = from && this.#constants.get(from);
    if (!constant)
      throw new WeightsError(`The ${what} of the layer "${layer.name}" (${layer.type}) isn't constant.`);
    return constant;
  }

  /** A constant's value for each channel: one for all, or along axis 1 of N×C×H×W. */
  #perChannel(layer: Layer, constant: Constant, channels: number): Float32Array {
    const { shape, values } = constant;
    if (values.length === 1) return new Float32Array(channels).fill(values[0]!);
    const axis = shape.length >= 3 ? shape.length - 3 : shape.length - 1;
    if (values.length !== channels || shape[axis] !== channels) {
      throw new WeightsError(
        `The constant of the layer "${layer.name}" has the shape [${shape}], not one value for each of ${channels} channels.`,
      );
    }
    return values;
  }

  #arithmetic(layer: Layer, data: number): void {
    const operand = this.#constant(layer, 1 - data, "operand");
    const values = this.#perChannel(layer, operand, this.#stage?.channels ?? 3);
    const zeros = new Float32Array(values.length);
    const ones = new Float32Array(values.length).fill(1);
    if (layer.type === "Add") this.#affine(layer, ones, values);
    else if (layer.type === "Subtract")
      this.#affine(
        layer,
        ones,
        values.map((v) => -v),
      );
    else if (layer.type === "Multiply") this.#affine(layer, values, zeros);
    else
      this.#affine(
        layer,
        values.map((v) => 1 / v),
        zeros,
      );
  }

  /** gamma · (x − mean) / sqrt(variance + ε) + beta; IR 10's first version has the data third. */
  #batchNorm(layer: Layer): void {
    const parameters = layer.inputs
      .filter((input) => this.#constants.get(input))
      .map((input) => this.#constants.get(input)!);
    if (parameters.length !== 4)
      throw new WeightsError(`The layer "${layer.name}" must have four constant inputs.`);
    const channels = this.#stage?.channels ?? 3;
    const [gamma, beta, mean, variance] = parameters.map((p) => this.#perChannel(layer, p, channels)) as [
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

  /** x · by + add, where it stands: on the input, before the slope (into weight and bias), or at the stage's end. */
  #affine(layer: Layer, by: Float32Array, add: Float32Array): void {
    const stage = this.#stage;
    if (!stage) {
      this.#order.forEach((to, from) => {
        this.#inputScale[to]! *= by[from]!;
        this.#inputShift[to] = this.#inputShift[to]! * by[from]! + add[from]!;
      });
      return;
    }
    if (stage.step === Step.Weight) {
      const each = stage.weight.length / stage.channels;
      stage.weight = stage.weight.map((w, i) => w * by[Math.floor(i / each)]!);
      stage.bias = stage.bias.map((b, i) => b * by[i]! + add[i]!);
      return;
    }
    if (!SHAPES.has(`${stage.name}.scale`)) {
      throw new WeightsError(
        `The layer "${layer.name}" (${layer.type}) follows ${stage.name}, which has no affine.`,
      );
    }
    stage.step = Step.Affine;
    stage.scale = stage.scale.map((s, i) => s * by[i]!);
    stage.shift = stage.shift.map((s, i) => s * by[i]! + add[i]!);
  }

  #reorder(layer: Layer): void {
    if (this.#stage)
      throw new WeightsError(
        `The layer "${layer.name}" (${layer.type}) reorders channels inside the network.`,
      );
    let indices = [2, 1, 0];
    if (layer.type === "Gather") {
      const axis = layer.inputs[2] ? this.#constant(layer, 2, "axis").values[0] : Number(layer.data.axis);
      indices = [...this.#constant(layer, 1, "indices").values];
      if ((axis !== 1 && axis !== -3) || [...indices].sort().join() !== "0,1,2") {
        throw new WeightsError(`The layer "${layer.name}" (Gather) must reorder the three channels.`);
      }
    }
    if (layer.type === "StridedSlice" && !this.#isReversal(layer)) {
      throw new WeightsError(
        `The layer "${layer.name}" (StridedSlice) must reverse the channels and take all else as it is.`,
      );
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
      [1, 3, 48, 48].every((size, axis) => {
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
    const { name, type, data } = layer;
    const before = this.#stage;
    const definition = STAGES[this.#stages.length];
    if (!definition) throw new WeightsError(`The layer "${name}" (${type}) comes after the last stage.`);
    if (before && (before.slope === undefined || (before.pooled && before.step < Step.Pool))) {
      throw new WeightsError(
        `The layer "${name}" (${type}) starts a stage before ${before.name} has its PReLU${before.pooled ? " and its pooling" : ""}.`,
      );
    }
    const shape = SHAPES.get(`${definition.name}.weight`)!;
    const channels = shape[0]!;
    const constant = this.#constant(layer, 1, "weight");
    const size = constant.shape.filter((n) => n !== 1);
    const transposed = type === "MatMul" && !isTrue(data.transpose_b);
    if (isTrue(data.transpose_a))
      throw new WeightsError(`The layer "${name}" (MatMul) transposes its input.`);
    const wanted = transposed ? [...shape].reverse() : shape;
    if (
      size.join() !== wanted.filter((n) => n !== 1).join() ||
      (type === "GroupConvolution") !== (definition.name === "depthwise")
    ) {
      throw new WeightsError(
        `The layer "${name}" (${type}) has the weights [${constant.shape}], where ${definition.name} has [${shape}].`,
      );
    }
    if (type !== "MatMul") {
      const pad = definition.kernel === 3 ? 1 : 0;
      if (
        !isPair(data.strides, 1) ||
        !isPair(data.dilations, 1) ||
        !isPadded(data, pad, definition.kernel === 6 ? undefined : pad)
      ) {
        throw new WeightsError(
          `The layer "${name}" (${type}) has other strides, dilations or pads than ${definition.name}.`,
        );
      }
    }
    let weight = constant.values.slice();
    if (transposed) {
      const [outputs, inputs] = shape as [number, number];
      weight = Float32Array.from(
        weight,
        (_, i) => constant.values[(i % inputs) * outputs + Math.floor(i / inputs)]!,
      );
    }
    if (!before) {
      // Back to the order of the input's channels.
      weight = Float32Array.from(weight, (_, i) => {
        const channel = Math.floor(i / 9) % 3;
        return constant.values[i + 9 * (this.#order.indexOf(channel) - channel)]!;
      });
    }
    this.#stages.push({
      name: definition.name,
      channels,
      pooled: definition.pooled,
      step: Step.Weight,
      weight,
      bias: new Float32Array(channels),
      scale: new Float32Array(channels).fill(1),
      shift: new Float32Array(channels),
    });
  }

  #prelu(layer: Layer): void {
    const stage = this.#stage;
    if (stage?.step !== Step.Weight || stage.name === "fc3") {
      throw new WeightsError(
        `The layer "${layer.name}" (PReLU) has no place after ${stage?.name ?? "the input"}.`,
      );
    }
    const { values } = this.#constant(layer, 1, "slope");
    if (values.some((slope) => slope !== values[0])) {
      throw new WeightsError(
        `The layer "${layer.name}" (PReLU) has slopes that differ by channel: each stage here has one.`,
      );
    }
    stage.slope = values[0]!;
    stage.step = Step.Slope;
  }

  #pool(layer: Layer): void {
    const stage = this.#stage;
    const { data, name } = layer;
    if (!stage?.pooled || stage.step !== Step.Slope) {
      throw new WeightsError(
        `The layer "${name}" (MaxPool) has no place there: conv1 to conv3 pool after their PReLU.`,
      );
    }
    const isPlain =
      isPair(data.kernel, 2) &&
      isPair(data.strides, 2) &&
      (data.dilations === undefined || isPair(data.dilations, 1)) &&
      isPadded(data, 0, 0);
    if (!isPlain) throw new WeightsError(`The layer "${name}" (MaxPool) isn't 2×2 with stride 2.`);
    stage.step = Step.Pool;
  }

  #convert({ name, data }: Layer): void {
    const type = data.destination_type;
    if (type !== "f32" && type !== "f16")
      throw new WeightsError(`The layer "${name}" (Convert) makes the activations ${type}, not f32 or f16.`);
  }

  /** Activations between a stage's PReLU and its pooling have a range too, but it is no range of a stage's result. */
  #fakeQuantize(layer: Layer): void {
    const stage = this.#stage;
    const end = SHAPES.has(`${stage?.name}.scale`) ? Step.Affine : Step.Slope;
    if (stage && stage.step < end) return;
    const low = this.#constant(layer, 1, "range").values;
    const high = this.#constant(layer, 2, "range").values;
    this.#ranges[stage?.name ?? "input"] = [Math.min(...low), Math.max(...high)];
  }

  #end({ name }: Layer): void {
    if (this.#stage?.name !== "fc3")
      throw new WeightsError(`The sigmoid "${name}" comes before the last stage.`);
    this.#sigmoid = true;
  }

  finish(metadata: Partial<WeightsMetadata>): WeightsFile {
    if (!this.#sigmoid)
      throw new WeightsError(
        `The model ends after ${this.#stage?.name ?? "its input"}, before the sigmoid of fc3.`,
      );
    const values = new Map<string, Float32Array>([
      ["input.scale", this.#inputScale],
      ["input.shift", this.#inputShift],
    ]);
    for (const { name, weight, bias, slope, scale, shift } of this.#stages) {
      values
        .set(`${name}.weight`, weight)
        .set(`${name}.bias`, bias)
        .set(`${name}.scale`, scale)
        .set(`${name}.shift`, shift);
      if (slope !== undefined) values.set(`${name}.slope`, Float32Array.of(slope));
    }
    const tensors = new Map<string, Tensor>();
    for (const { name, shape } of TENSORS) {
      const tensor = values.get(name)!;
      const bad = tensor.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0)
        throw new WeightsError(
          `The model's ${name} holds a value that isn't finite (at ${bad} of ${elements(shape)}).`,
        );
      tensors.set(name, {
        dtype: "F32",
        shape,
        data: new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength),
      });
    }
    const ranges = Object.keys(this.#ranges).length ? { ranges: JSON.stringify(this.#ranges) } : {};
    return {
      metadata: {
        version: "1.0.0",
        name: "landmarks-regression-retail-0009",
        license: "Apache-2.0",
        source: "OpenVINO IR",
        ...ranges,
        ...metadata,
        format: "fivepoint",
      },
      tensors,
    };
  }
}
