/**
 * Weights files of any network: safetensors (https://github.com/huggingface/safetensors#format). Eight bytes give the length
 * of a JSON header; the header and the tensors' bytes follow. The header maps each name to its dtype, shape and offsets, and
 * `__metadata__` to strings.
 *
 * Files are read strictly: they hold the tensors of the network's table with their shapes and nothing else, as F32 or F16,
 * and these cover the data once without gaps. `checkFinite` looks at the values.
 */
import { fromUtf8, toUtf8 } from "./decode.ts";
import { WeightsError } from "./errors.ts";
import { elements, type Network, type TensorSpec, tensorsOf } from "./network.ts";

export interface Tensor {
  readonly dtype: "F32" | "F16";
  readonly shape: readonly number[];
  /** Little-endian, a view of the file's bytes at any alignment. */
  readonly data: Uint8Array;
}

export interface WeightsMetadata {
  /** Which network it is: `"fivepoint"` for the landmarks. */
  readonly format: string;
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

/** What a file holds: the tensors of every stage, and those of each optional stage of which it has any. */
function contents({ stages, optional }: Network, has: (tensor: string) => boolean): TensorSpec[] {
  const present = optional.filter((stage) => tensorsOf(stage).some(({ name }) => has(name)));
  return [...stages, ...present].flatMap(tensorsOf);
}

/**
 * Reads a weights file. The tensors are views: `bytes` must not change while they are used.
 * @throws WeightsError for anything but a whole file of `network`
 */
export function parseContainer(bytes: Uint8Array, network: Network): WeightsFile {
  const fail = (problem: string): never => {
    throw new WeightsError(`This isn't a ${network.format} weights file: ${problem}.`);
  };
  if (bytes.length < 8) fail(`it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || headerBytes > MAX_HEADER_BYTES)
    fail("it doesn't start with a safetensors header");
  if (8 + headerBytes > bytes.length) fail(`its header is cut (${bytes.length} of ${8 + headerBytes} bytes)`);

  let header: unknown;
  try {
    header = JSON.parse(fromUtf8(bytes.subarray(8, 8 + headerBytes)));
  } catch {
    fail("its header isn't JSON");
  }
  if (!isRecord(header)) return fail("its header isn't an object");
  const { __metadata__: metadata, ...entries } = header;
  if (!isMetadata(metadata)) return fail("its metadata lacks format, version, name, license or source");
  if (metadata.format !== network.format)
    fail(`its metadata has the format ${JSON.stringify(metadata.format)}`);

  const data = bytes.subarray(8 + headerBytes);
  const tensors = new Map<string, Tensor>();
  const extents: [start: number, end: number, name: string][] = [];
  for (const { name, shape } of contents(network, (tensor) => tensor in entries)) {
    const entry = entries[name];
    if (!isRecord(entry)) return fail(`the tensor ${name} is missing`);
    const { dtype, shape: given, data_offsets: offsets } = entry;
    if (dtype !== "F32" && dtype !== "F16")
      return fail(`${name} has the dtype ${JSON.stringify(dtype)}, not F32 or F16`);
    if (!Array.isArray(given) || given.length !== shape.length || given.some((n, i) => n !== shape[i])) {
      return fail(`${name} has the shape ${JSON.stringify(given)}, not ${JSON.stringify(shape)}`);
    }
    const [start, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
    if (!Number.isSafeInteger(start) || start < 0 || end !== start + elements(shape) * BYTES[dtype]) {
      return fail(`${name} has the offsets ${JSON.stringify(offsets)}, which don't fit its shape`);
    }
    if (end > data.length) return fail(`it is cut: ${name} ends at byte ${end} of ${data.length}`);
    tensors.set(name, { dtype, shape, data: data.subarray(start, end) });
    extents.push([start, end, name]);
  }
  const unknown = Object.keys(entries).find((name) => !tensors.has(name));
  if (unknown !== undefined) fail(`it has an unknown tensor ${JSON.stringify(unknown)}`);

  extents.sort(([a], [b]) => a - b);
  let covered = 0;
  for (const [start, end, name] of extents) {
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
    ["format", "version", "name", "license", "source"].every((key) => key in value)
  );
}

/**
 * Checks every value. A landmarker does so in wasm and calls this only to name the tensor.
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
export function serializeContainer({ metadata, tensors }: WeightsFile, network: Network): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { ...metadata, format: network.format } };
  const specs = contents(network, (tensor) => tensors.has(tensor));
  let size = 0;
  for (const { name } of specs) {
    const tensor = tensors.get(name);
    if (!tensor) throw new WeightsError(`The weights lack the tensor ${name}.`);
    const { dtype, shape, data } = tensor;
    header[name] = { dtype, shape, data_offsets: [size, size + data.length] };
    size += data.length;
  }
  const json = toUtf8(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + size).fill(0x20, 8 + json.length, 8 + headerBytes);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.set(json, 8);
  let at = 8 + headerBytes;
  for (const { name } of specs) {
    const { data } = tensors.get(name)!;
    bytes.set(data, at);
    at += data.length;
  }
  return bytes;
}

/** The values of a tensor. */
export function toFloat32({ dtype, data }: Tensor): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float32Array(data.length / BYTES[dtype]);
  for (let i = 0; i < values.length; i++)
    values[i] = dtype === "F32" ? view.getFloat32(4 * i, true) : fromHalf(view.getUint16(2 * i, true));
  return values;
}

/**
 * Makes a tensor of values.
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
 * Converts weights to float16.
 * @throws WeightsError when a value is too large for it
 */
export function toHalves({ metadata, tensors }: WeightsFile): WeightsFile {
  const halves = [...tensors].map(([name, tensor]): [string, Tensor] => [
    name,
    toTensor(name, "F16", tensor.shape, toFloat32(tensor)),
  ]);
  return { metadata, tensors: new Map(halves) };
}

/** Rounds to the nearest half, ties to even (IEEE 754 binary16). */
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

/** The number that a half (IEEE 754 binary16) stands for. */
export function fromHalf(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  let magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  if (exponent === 31) magnitude = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
  return half & 0x8000 ? -magnitude : magnitude;
}
