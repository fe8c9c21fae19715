/**
 * Done once at load: the tensors at `PARAMETERS` go into the layouts that the kernels read (docs/LAYOUTS.md).
 */
import { f32_winograd3_filter, f32_winograd6_filter } from "../kernels/f32_winograd_filter";
import * as m from "./memory";
import { TEMP } from "./scratch";

/** Four halves, each in the low bits of a lane, as floats: the exponent is moved by a multiplication by 2^112. */
@inline
function toFloats(halves: v128): v128 {
  const exponent = i32x4.splat(0x7c00);
  const magnitude = i32x4.shl(v128.and(halves, i32x4.splat(0x7fff)), 13);
  const scaled = f32x4.mul(magnitude, i32x4.splat((127 + 112) << 23));
  // Infinities and NaN stay such, for `finite` to see.
  const special = i32x4.eq(v128.and(halves, exponent), exponent);
  const sign = i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16);
  return v128.or(v128.or(scaled, sign), v128.and(special, i32x4.splat(0x7f800000)));
}

/**
 * Half to single precision in place: `count` halves at the end of the region of `count` floats at `target` become
 * floats that fill it. Exact, denormals included. The floats never reach a half that is still to be read.
 */
export function widen(target: usize, count: i32): void {
  let source = target + ((<usize>count) << 1);
  const end = target + ((<usize>count) << 2);
  for (; target + 16 <= end; target += 16, source += 8) {
    v128.store(target, toFloats(i32x4.extend_low_i16x8_u(v128.load64_zero(source))));
  }
  for (; target < end; target += 4, source += 2) {
    store<f32>(target, f32x4.extract_lane(toFloats(i32x4.splat(load<u16>(source))), 0));
  }
}

/** Whether all parameters are finite. */
export function finite(): bool {
  let most = i32x4.splat(0);
  for (let p: usize = 0; p < m.PARAMETERS_BYTES; p += 16) {
    most = i32x4.max_u(most, v128.and(v128.load(m.PARAMETERS + p), i32x4.splat(0x7f800000)));
  }
  return !v128.any_true(i32x4.eq(most, i32x4.splat(0x7f800000)));
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

/** [OC][IC][3][3] → [OC/8][3][3][padded][8], missing inputs zero. */
function takeDirectWeights(target: usize, inputChannels: i32, padded: i32, outputChannels: i32): void {
  for (let block = 0; block < outputChannels; block += 8) {
    for (let tap = 0; tap < 9; tap++) {
      for (let ic = 0; ic < padded; ic++) {
        for (let oc = block; oc < block + 8; oc++) {
          if (ic < inputChannels)
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

/** [OC][IC][3][3] → the points of F(6×6, 3×3), [64][OC/16][IC][16]. */
function takeFilters6(target: usize, inputChannels: i32, outputChannels: i32): void {
  f32_winograd6_filter(source, inputChannels, outputChannels, target, TEMP);
  skipConvWeights(inputChannels, outputChannels);
}

/** [OC][IC][3][3] → the points of F(3×3, 3×3), [25][OC/16][IC][16]. */
function takeFilters3(target: usize, inputChannels: i32, outputChannels: i32): void {
  f32_winograd3_filter(source, inputChannels, outputChannels, target, TEMP);
  skipConvWeights(inputChannels, outputChannels);
}

function skipConvWeights(inputChannels: i32, outputChannels: i32): void {
  source += (<usize>(outputChannels * inputChannels * 9)) << 2;
}

function skipParams(channels: i32): void {
  source += (<usize>(3 * channels + 1)) << 2;
}

/** For network.ts. */
export function pack(): void {
  source = m.PARAMETERS;
  take(m.INPUT_PARAMS, 3);
  take(m.INPUT_PARAMS + 16, 3);
  takeFilters6(m.CONV1_FILTERS, 3, 16);
  takeParams(m.CONV1_PARAMS, 16);
  takeFilters6(m.CONV2_FILTERS, 16, 32);
  takeParams(m.CONV2_PARAMS, 32);
  takeFilters6(m.CONV3_FILTERS, 32, 64);
  takeParams(m.CONV3_PARAMS, 64);
  takeFilters3(m.CONV4_FILTERS, 64, 64);
  takeParams(m.CONV4_PARAMS, 64);
  takeFilters3(m.CONV5_FILTERS, 64, 128);
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

/** What network_direct.ts needs beyond `pack`. */
export function packDirect(): void {
  source = m.PARAMETERS + 6 * 4;
  takeDirectWeights(m.DIRECT_CONV1_WEIGHTS, 3, 4, 16);
  skipParams(16);
  takeDirectWeights(m.DIRECT_CONV2_WEIGHTS, 16, 16, 32);
  skipParams(32);
  takeDirectWeights(m.DIRECT_CONV3_WEIGHTS, 32, 32, 64);
  skipParams(64);
  takeDirectWeights(m.DIRECT_CONV4_WEIGHTS, 64, 64, 64);
  skipParams(64);
  takeDirectWeights(m.DIRECT_CONV5_WEIGHTS, 64, 64, 128);
}
