/**
 * Done once at load: the tensors at `PARAMETERS` go into the layouts that the kernels read (docs/LAYOUTS.md).
 */
import * as m from "./memory";

/**
 * Half to single precision in place: `count` halves at the end of the region of `count` floats at `target` become
 * floats that fill it. Exact, denormals included: the exponent is moved by a multiplication by 2^112. Infinities
 * and NaN don't occur: the container refuses them.
 */
export function widen(target: usize, count: i32): void {
  const source = target + ((<usize>count) << 1);
  for (let i: usize = 0; i < <usize>count; i++) {
    const half = <u32>load<u16>(source + (i << 1));
    const magnitude = reinterpret<f32>((half & 0x7fff) << 13) * reinterpret<f32>((127 + 112) << 23);
    store<u32>(target + (i << 2), reinterpret<u32>(magnitude) | ((half & 0x8000) << 16));
  }
}

/** Next tensor to read. */
let source: usize = 0;

/** Copies the next tensor of `count` floats. */
function take(target: usize, count: i32): void {
  memory.copy(target, source, (<usize>count) << 2);
  source += (<usize>count) << 2;
}

function fill(target: usize, value: f32, count: i32): void {
  for (let i = 0; i < count; i++) store<f32>(target + ((<usize>i) << 2), value);
}

/** [OC][IC][3][3] → [OC/8][3][3][IC][8]. */
function takeConvWeights(target: usize, inputChannels: i32, outputChannels: i32): void {
  for (let block = 0; block < outputChannels; block += 8) {
    for (let tap = 0; tap < 9; tap++) {
      for (let ic = 0; ic < inputChannels; ic++) {
        for (let oc = block; oc < block + 8; oc++) {
          store<f32>(target, load<f32>(source + ((<usize>((oc * inputChannels + ic) * 9 + tap)) << 2)));
          target += 4;
        }
      }
    }
  }
  source += (<usize>(outputChannels * inputChannels * 9)) << 2;
}

/** [OUT][IN] → [OUT/32][IN][32], missing outputs zero. */
function takeDenseWeights(target: usize, inputs: i32, outputs: i32): void {
  for (let block = 0; block < outputs; block += 32) {
    for (let i = 0; i < inputs; i++) {
      for (let o = block; o < block + 32; o++) {
        if (o < outputs) store<f32>(target, load<f32>(source + ((<usize>(o * inputs + i)) << 2)));
        target += 4;
      }
    }
  }
  source += (<usize>(outputs * inputs)) << 2;
}

/** [C][6][6] → [6][6][C]. */
function takeDepthwiseWeights(target: usize, channels: i32): void {
  for (let tap = 0; tap < 36; tap++) {
    for (let c = 0; c < channels; c++) {
      store<f32>(target, load<f32>(source + ((<usize>(c * 36 + tap)) << 2)));
      target += 4;
    }
  }
  source += (<usize>(channels * 36)) << 2;
}

/** bias, slope, scale, shift → bias, scale, shift, slope. */
function takeParams(target: usize, channels: i32): void {
  const size: usize = (<usize>channels) << 2;
  take(target, channels);
  take(target + 3 * size, 1);
  take(target + size, 2 * channels);
}

/** bias and perhaps a slope; what the layer lacks becomes the neutral element. */
function takeParamsWithoutAffine(target: usize, outputs: i32, padded: i32, hasSlope: bool): void {
  const size: usize = (<usize>padded) << 2;
  take(target, outputs);
  fill(target + size, 1, padded);
  fill(target + 3 * size, 1, 1);
  if (hasSlope) take(target + 3 * size, 1);
}

export function pack(): void {
  source = m.PARAMETERS;
  take(m.INPUT_PARAMS, 6);
  takeConvWeights(m.CONV1_WEIGHTS, 3, 16);
  takeParams(m.CONV1_PARAMS, 16);
  takeConvWeights(m.CONV2_WEIGHTS, 16, 32);
  takeParams(m.CONV2_PARAMS, 32);
  takeConvWeights(m.CONV3_WEIGHTS, 32, 64);
  takeParams(m.CONV3_PARAMS, 64);
  takeConvWeights(m.CONV4_WEIGHTS, 64, 64);
  takeParams(m.CONV4_PARAMS, 64);
  takeConvWeights(m.CONV5_WEIGHTS, 64, 128);
  takeParams(m.CONV5_PARAMS, 128);
  takeDepthwiseWeights(m.DEPTHWISE_WEIGHTS, 128);
  takeParams(m.DEPTHWISE_PARAMS, 128);
  takeDenseWeights(m.FC1_WEIGHTS, 128, 256);
  takeParams(m.FC1_PARAMS, 256);
  takeDenseWeights(m.FC2_WEIGHTS, 256, 64);
  takeParamsWithoutAffine(m.FC2_PARAMS, 64, 64, true);
  takeDenseWeights(m.FC3_WEIGHTS, 64, 10);
  takeParamsWithoutAffine(m.FC3_PARAMS, 10, 32, false);
}
