/**
 * The whole network in float64, by the obvious loops, channel-major as the model's own files have it. It shares the table of
 * stages with the product, and nothing with the kernels: neither layout, order of summation, fusion nor padding by a border.
 */
import { LANDMARKS, TENSORS } from "../../src/core/landmarks.ts";
import { elements } from "../../src/core/network.ts";

export type Tensors = ReadonlyMap<string, ArrayLike<number>>;

/** Cuts the parameters, in the order of TENSORS, into tensors. */
export function splitParameters(parameters: ArrayLike<number>): Tensors {
  const tensors = new Map<string, ArrayLike<number>>();
  let at = 0;
  for (const { name, shape } of TENSORS) {
    tensors.set(name, Array.prototype.slice.call(parameters, at, at + elements(shape)));
    at += elements(shape);
  }
  return tensors;
}

/** out[o][y][x] = bias[o] + Σ in[i][y + ky − 1][x + kx − 1] · weight[o][i][ky][kx], zeros outside. */
export function conv3x3(
  input: ArrayLike<number>,
  size: number,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
): Float64Array {
  const outputs = bias.length;
  const inputs = weight.length / outputs / 9;
  const out = new Float64Array(outputs * size * size);
  for (let o = 0; o < outputs; o++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let sum = bias[o]!;
        for (let i = 0; i < inputs; i++) {
          for (let ky = 0; ky < 3; ky++) {
            for (let kx = 0; kx < 3; kx++) {
              const iy = y + ky - 1;
              const ix = x + kx - 1;
              if (iy < 0 || ix < 0 || iy >= size || ix >= size) continue;
              sum += input[(i * size + iy) * size + ix]! * weight[((o * inputs + i) * 3 + ky) * 3 + kx]!;
            }
          }
        }
        out[(o * size + y) * size + x] = sum;
      }
    }
  }
  return out;
}

export const prelu = (input: Float64Array, slope: number): Float64Array =>
  input.map((v) => (v < 0 ? slope * v : v));

export function maxPool2x2(input: Float64Array, channels: number, size: number): Float64Array {
  const half = size / 2;
  const out = new Float64Array(channels * half * half);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < half; y++) {
      for (let x = 0; x < half; x++) {
        const at = (c * size + 2 * y) * size + 2 * x;
        out[(c * half + y) * half + x] = Math.max(
          input[at]!,
          input[at + 1]!,
          input[at + size]!,
          input[at + size + 1]!,
        );
      }
    }
  }
  return out;
}

/** Per channel: v · scale + shift. */
export function affine(
  input: ArrayLike<number>,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): Float64Array {
  const each = input.length / scale.length;
  return Float64Array.from(input, (v, i) => v * scale[Math.floor(i / each)]! + shift[Math.floor(i / each)]!);
}

/** out[c] = bias[c] + Σ in[c][i] · weight[c][i]: a valid depthwise convolution over the whole map. */
export const depthwise = (
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
): Float64Array =>
  Float64Array.from(bias, (b, c) => {
    const each = input.length / bias.length;
    let sum = b;
    for (let i = 0; i < each; i++) sum += input[c * each + i]! * weight[c * each + i]!;
    return sum;
  });

export const dense = (
  input: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
): Float64Array =>
  Float64Array.from(bias, (b, o) => {
    let sum = b;
    for (let i = 0; i < input.length; i++) sum += input[i]! * weight[o * input.length + i]!;
    return sum;
  });

/** A crop (48×48 BGR bytes) → the activations after every stage, channel-major; the last are the landmarks. */
export function forward(tensors: Tensors, crop: Uint8Array): Map<string, Float64Array> {
  const activations = new Map<string, Float64Array>();
  let x: Float64Array = Float64Array.from(
    { length: 6912 },
    (_, i) => crop[(i % 2304) * 3 + Math.floor(i / 2304)]!,
  );
  for (const { name, kind, outputs, size, slope, pooled, affine: isScaled } of LANDMARKS.stages) {
    const get = (part: string) => tensors.get(`${name}.${part}`)!;
    if (kind === "conv") x = conv3x3(x, size, get("weight"), get("bias"));
    if (kind === "depthwise") x = depthwise(x, get("weight"), get("bias"));
    if (kind === "dense") x = dense(x, get("weight"), get("bias"));
    if (slope) x = prelu(x, get("slope")[0]!);
    if (pooled) x = maxPool2x2(x, outputs, size);
    if (isScaled) x = affine(x, get("scale"), get("shift"));
    activations.set(name, x);
  }
  const { name } = LANDMARKS.stages.at(-1)!;
  return activations.set(
    name,
    x.map((v) => 1 / (1 + Math.exp(-v))),
  );
}
