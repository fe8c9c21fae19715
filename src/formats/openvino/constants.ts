/** Evaluates the part of an IR that depends on constants alone, in float32 as the runtime would. */
import { fromHalf } from "../../core/container.ts";
import { WeightsError } from "../../core/errors.ts";
import { TENSORS } from "../../core/landmarks.ts";
import { elements } from "../../core/network.ts";
import { type Layer, list, refusal } from "./graph.ts";

export interface Constant {
  readonly shape: readonly number[];
  /** Row by row; whole numbers of 8 to 64 bits too. */
  readonly values: Float32Array;
}

const READ = new Map<string, [bytes: number, read: (view: DataView, at: number) => number]>([
  ["f32", [4, (view, at) => view.getFloat32(at, true)]],
  ["f16", [2, (view, at) => fromHalf(view.getUint16(at, true))]],
  ["i64", [8, (view, at) => Number(view.getBigInt64(at, true))]],
  ["i32", [4, (view, at) => view.getInt32(at, true)]],
  ["i8", [1, (view, at) => view.getInt8(at)]],
  ["u8", [1, (view, at) => view.getUint8(at)]],
]);

const ARITHMETIC = new Map<string, (a: number, b: number) => number>([
  ["Add", (a, b) => a + b],
  ["Subtract", (a, b) => a - b],
  ["Multiply", (a, b) => a * b],
  ["Divide", (a, b) => a / b],
]);

/** No constant has more: the largest tensor's. */
const MAX_ELEMENTS = Math.max(...TENSORS.map(({ shape }) => elements(shape)));

export class Constants {
  readonly #bin: DataView;
  readonly #known = new Map<Layer, Constant | undefined>();

  constructor(bin: Uint8Array) {
    this.#bin = new DataView(bin.buffer, bin.byteOffset, bin.byteLength);
  }

  /** The value of a layer, or undefined when it depends on the network's input. */
  get(layer: Layer): Constant | undefined {
    if (!this.#known.has(layer)) this.#known.set(layer, this.#evaluate(layer));
    return this.#known.get(layer);
  }

  #evaluate(layer: Layer): Constant | undefined {
    if (layer.type === "Const") return this.#read(layer);
    if (layer.inputs.length === 0) return undefined;
    const inputs: Constant[] = [];
    for (const input of layer.inputs) {
      const constant = this.get(input);
      if (!constant) return undefined;
      inputs.push(constant);
    }
    const operation = ARITHMETIC.get(layer.type);
    if (operation) return broadcast(layer, inputs, 2, ([x, y]) => operation(x!, y!));
    switch (layer.type) {
      case "Convert":
      case "Reshape":
      case "Squeeze":
      case "Unsqueeze": // the network's stages know their shapes: only the values count
        return inputs[0];
      case "FakeQuantize": {
        const levels = Number(layer.data.levels);
        return broadcast(layer, inputs, 5, ([x, inLow, inHigh, outLow, outHigh]) => {
          if (x! <= Math.min(inLow!, inHigh!)) return outLow!;
          if (x! > Math.max(inLow!, inHigh!)) return outHigh!;
          const step = roundToEven(((x! - inLow!) / (inHigh! - inLow!)) * (levels - 1));
          return (step / (levels - 1)) * (outHigh! - outLow!) + outLow!;
        });
      }
      default:
        throw refusal(layer, "can't be evaluated on constants");
    }
  }

  #read({ name, data }: Layer): Constant {
    const type = (data.element_type ?? "").toLowerCase();
    const format = READ.get(type);
    if (!format)
      throw new WeightsError(
        `The constant "${name}" has the element type ${JSON.stringify(type)}, which can't be read.`,
      );
    const [bytes, read] = format;
    const shape = list(data.shape);
    const count = elements(shape);
    const offset = Number(data.offset);
    const size = Number(data.size);
    if (!shape.every((n) => Number.isSafeInteger(n) && n > 0) || size !== count * bytes) {
      throw new WeightsError(
        `The constant "${name}" has ${data.size} bytes, which doesn't fit its shape [${shape}] of ${type}.`,
      );
    }
    if (count > MAX_ELEMENTS)
      throw new WeightsError(
        `The constant "${name}" has ${count} elements, but no tensor of this network has that many.`,
      );
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + size > this.#bin.byteLength) {
      throw new WeightsError(
        `The constant "${name}" ends at byte ${offset + size}, but the .bin has ${this.#bin.byteLength}.`,
      );
    }
    return {
      shape,
      values: Float32Array.from({ length: count }, (_, i) => read(this.#bin, offset + i * bytes)),
    };
  }
}

/** Rounds to the nearest whole number, halves to the even one. */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const above = value - floor;
  return above > 0.5 || (above === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Combines `count` operands as numpy broadcasts them. */
function broadcast(
  layer: Layer,
  operands: readonly Constant[],
  count: number,
  combine: (values: number[]) => number,
): Constant {
  if (operands.length !== count) throw refusal(layer, `has ${operands.length} inputs instead of ${count}`);
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  const padded = operands.map(({ shape }) => [...Array<number>(rank - shape.length).fill(1), ...shape]);
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(...padded.map((dims) => dims[axis]!)));
  const isFit = padded.every((dims) => dims.every((size, axis) => size === 1 || size === shape[axis]));
  if (!isFit || elements(shape) > MAX_ELEMENTS) {
    const shapes = operands.map((operand) => `[${operand.shape}]`).join(" and ");
    throw new WeightsError(`The shapes ${shapes} at the layer "${layer.name}" can't be combined.`);
  }
  // How far each operand advances along each axis: not at all where it is repeated.
  const strides = padded.map((dims) =>
    dims.map((size, axis) => (size === 1 ? 0 : elements(dims.slice(axis + 1)))),
  );
  const values = new Float32Array(elements(shape));
  const index = shape.map(() => 0);
  const at = operands.map(() => 0);
  const inputs = operands.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    for (let k = 0; k < count; k++) inputs[k] = operands[k]!.values[at[k]!]!;
    values[i] = combine(inputs);
    for (let axis = rank - 1; axis >= 0; axis--) {
      const wraps = ++index[axis]! === shape[axis];
      if (wraps) index[axis] = 0;
      for (let k = 0; k < count; k++) at[k]! += strides[k]![axis]! * (wraps ? 1 - shape[axis]! : 1);
      if (!wraps) break;
    }
  }
  return { shape, values };
}
