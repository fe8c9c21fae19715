/**
 * Weights files: safetensors (https://github.com/huggingface/safetensors#format): eight bytes with the length of a JSON
 * header, the header, then the tensors' bytes. The header maps each name to its dtype, shape and place, and
 * `__metadata__` to strings.
 *
 * Further metadata: `ranges`, a JSON object that gives [least, largest] of the activations after each stage, which int8
 * arithmetic needs.
 *
 * Read strictly: every tensor of `TENSORS` with its shape and nothing else, as F32 or F16, the data covered once without
 * gaps; `checkFinite` looks at the values.
 */
import { WeightsError } from "./errors.ts";
import { elements, TENSORS } from "./tensors.ts";

export interface Tensor {
  readonly dtype: "F32" | "F16";
  readonly shape: readonly number[];
  /** Little-endian, a view of the file's bytes at any alignment. */
  readonly data: Uint8Array;
}

export interface WeightsMetadata {
  readonly format: "fivepoint";
  readonly version: string;
  readonly name: string;
  readonly license: string;
  readonly source: string;
  readonly [key: string]: string;
}

export interface WeightsFile {
  readonly metadata: WeightsMetadata;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const BYTES = { F32: 4, F16: 2 } as const;
const MAX_HEADER_BYTES = 65_536;

/**
 * Reads a weights file. The tensors are views: `bytes` must not change while they are used.
 * @throws WeightsError for anything but a whole file of this network
 */
export function parseWeights(bytes: Uint8Array): WeightsFile {
  const fail = (problem: string): never => {
    throw new WeightsError(`This isn't a fivepoint weights file: ${problem}.`);
  };
  if (bytes.length < 8) fail(`it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || headerBytes > MAX_HEADER_BYTES)
    fail("it doesn't start with a safetensors header");
  if (8 + headerBytes > bytes.length) fail(`its header is cut (${bytes.length} of ${8 + headerBytes} bytes)`);

  let header: unknown;
  try {
    // A copy: browsers decode no shared memory.
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(8, 8 + headerBytes)));
  } catch {
    fail("its header isn't JSON");
  }
  if (!isRecord(header)) return fail("its header isn't an object");
  const { __metadata__: metadata, ...entries } = header;
  if (!isMetadata(metadata)) return fail("its metadata lacks format, version, name, license or source");

  const data = bytes.subarray(8 + headerBytes);
  const tensors = new Map<string, Tensor>();
  const places: [start: number, end: number, name: string][] = [];
  for (const { name, shape } of TENSORS) {
    const entry = entries[name];
    if (!isRecord(entry)) return fail(`the tensor ${name} is missing`);
    const { dtype, shape: given, data_offsets: place } = entry;
    if (dtype !== "F32" && dtype !== "F16")
      return fail(`${name} has the dtype ${JSON.stringify(dtype)}, not F32 or F16`);
    if (!Array.isArray(given) || given.length !== shape.length || given.some((n, i) => n !== shape[i])) {
      return fail(`${name} has the shape ${JSON.stringify(given)}, not ${JSON.stringify(shape)}`);
    }
    const [start, end] = Array.isArray(place) && place.length === 2 ? place : [];
    if (!Number.isSafeInteger(start) || start < 0 || end !== start + elements(shape) * BYTES[dtype]) {
      return fail(`${name} has the place ${JSON.stringify(place)}, which doesn't fit its shape`);
    }
    if (end > data.length) return fail(`it is cut: ${name} ends at byte ${end} of ${data.length}`);
    tensors.set(name, { dtype, shape, data: data.subarray(start, end) });
    places.push([start, end, name]);
  }
  const unknown = Object.keys(entries).find((name) => !tensors.has(name));
  if (unknown !== undefined) fail(`it has an unknown tensor ${JSON.stringify(unknown)}`);

  places.sort(([a], [b]) => a - b);
  let covered = 0;
  for (const [start, end, name] of places) {
    if (start !== covered)
      fail(`${name} ${start < covered ? "overlaps another tensor" : "leaves a gap before it"}`);
    covered = end;
  }
  if (covered !== data.length) fail(`${data.length - covered} bytes follow the last tensor`);
  return { metadata, tensors };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMetadata(value: unknown): value is WeightsMetadata {
  return (
    isRecord(value) &&
    Object.values(value).every((text) => typeof text === "string") &&
    value.format === "fivepoint" &&
    ["version", "name", "license", "source"].every((key) => key in value)
  );
}

/**
 * Looks at every value; a landmarker does so in wasm and calls this only to name the tensor.
 * @throws WeightsError when a value isn't finite
 */
export function checkFinite({ tensors }: WeightsFile): void {
  for (const [name, tensor] of tensors) {
    const bad = toFloat32(tensor).findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new WeightsError(`${name} holds a value that isn't finite (at ${bad}).`);
  }
}

/**
 * Writes a weights file: tensors in the order of the stages, the header padded so that they start 8-aligned.
 * @throws WeightsError when a tensor is missing
 */
export function serializeWeights({ metadata, tensors }: WeightsFile): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let size = 0;
  for (const { name } of TENSORS) {
    const tensor = tensors.get(name);
    if (!tensor) throw new WeightsError(`The weights lack the tensor ${name}.`);
    const { dtype, shape, data } = tensor;
    header[name] = { dtype, shape, data_offsets: [size, size + data.length] };
    size += data.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + size).fill(0x20, 8 + json.length, 8 + headerBytes);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.set(json, 8);
  let at = 8 + headerBytes;
  for (const { name } of TENSORS) {
    const { data } = tensors.get(name)!;
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

/** A tensor's values. */
export function toFloat32({ dtype, data }: Tensor): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (dtype === "F32")
    return Float32Array.from({ length: data.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  return Float32Array.from({ length: data.length / 2 }, (_, i) => fromHalf(view.getUint16(2 * i, true)));
}

/**
 * A tensor of values.
 * @throws WeightsError when a value is too large for float16
 */
export function toTensor(
  name: string,
  dtype: Tensor["dtype"],
  shape: readonly number[],
  values: Float32Array,
): Tensor {
  const data = new Uint8Array(values.length * BYTES[dtype]);
  const view = new DataView(data.buffer);
  values.forEach((value, i) => {
    if (dtype === "F32") {
      view.setFloat32(4 * i, value, true);
      return;
    }
    const half = toHalf(value);
    if ((half & 0x7c00) === 0x7c00)
      throw new WeightsError(`${name} holds ${value}, which is too large for float16.`);
    view.setUint16(2 * i, half, true);
  });
  return { dtype, shape, data };
}

/**
 * The same weights as float16.
 * @throws WeightsError when a value is too large for it
 */
export function toHalves({ metadata, tensors }: WeightsFile): WeightsFile {
  const halves = [...tensors].map(([name, tensor]): [string, Tensor] => [
    name,
    toTensor(name, "F16", tensor.shape, toFloat32(tensor)),
  ]);
  return { metadata, tensors: new Map(halves) };
}

/** To the nearest half, ties to even (IEEE 754 binary16). */
function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const exponent = magnitude === 0 ? -15 : Math.max(-15, Math.floor(Math.log2(magnitude)));
  // In units of the last place: a normal half has 11 bits, and rounding up to the next power of two carries by itself.
  const unit = 2 ** (Math.max(exponent, -14) - 10);
  const scaled = magnitude / unit;
  let rounded = Math.floor(scaled);
  const rest = scaled - rounded;
  if (rest > 0.5 || (rest === 0.5 && rounded % 2 === 1)) rounded++;
  const bits = exponent < -14 ? rounded : ((exponent + 15) << 10) + (rounded - 1024);
  return sign | Math.min(bits, 0x7c00);
}

/** IEEE 754 binary16. */
export function fromHalf(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  let magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  if (exponent === 31) magnitude = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
  return half & 0x8000 ? -magnitude : magnitude;
}
