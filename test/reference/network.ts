/**
 * The whole network in float64, by the obvious loops, channel-major as the model's own files have it. Shares nothing
 * with the kernels: neither layout, order of summation, fusion nor padding by a border.
 */
import { elements, TENSORS } from "../../src/core/tensors.ts";

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
  const get = (name: string) => tensors.get(name)!;
  const stages = new Map<string, Float64Array>();
  const keep = (name: string, value: Float64Array) => {
    stages.set(name, value);
    return value;
  };
  const planes = Float64Array.from({ length: 6912 }, (_, i) => crop[(i % 2304) * 3 + Math.floor(i / 2304)]!);
  let x = keep("input", affine(planes, get("input.scale"), get("input.shift")));
  let size = 48;
  for (const name of ["conv1", "conv2", "conv3", "conv4", "conv5"]) {
    x = prelu(conv3x3(x, size, get(`${name}.weight`), get(`${name}.bias`)), get(`${name}.slope`)[0]!);
    if (size > 6) {
      x = maxPool2x2(x, get(`${name}.bias`).length, size);
      size /= 2;
    }
    x = keep(name, affine(x, get(`${name}.scale`), get(`${name}.shift`)));
  }
  x = prelu(depthwise(x, get("depthwise.weight"), get("depthwise.bias")), get("depthwise.slope")[0]!);
  x = keep("depthwise", affine(x, get("depthwise.scale"), get("depthwise.shift")));
  x = prelu(dense(x, get("fc1.weight"), get("fc1.bias")), get("fc1.slope")[0]!);
  x = keep("fc1", affine(x, get("fc1.scale"), get("fc1.shift")));
  x = keep("fc2", prelu(dense(x, get("fc2.weight"), get("fc2.bias")), get("fc2.slope")[0]!));
  x = dense(x, get("fc3.weight"), get("fc3.bias"));
  keep(
    "fc3",
    x.map((v) => 1 / (1 + Math.exp(-v))),
  );
  return stages;
}
