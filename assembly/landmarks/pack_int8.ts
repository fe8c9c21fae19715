/**
 * Done once at load: the tensors at `PARAMETERS` become the whole numbers of the int8 network, by the ranges at `RANGES`.
 *
 * Activations  low..high in 255 steps, or in 32,767 where that costs nothing: after conv5, where no transform widens the
 *              numbers. q = round(x / step) + zero with zero = round(−low / step), so that 0 is a whole number. The
 *              kernels hold q − zero.
 * Weights      −127..127, round(w / step), a step for each output channel: max |w| / 127, or larger where the sums could
 *              leave the 32 bits of Winograd's transform, which multiplies them by `scale`.
 * Parameters   a sum of products stands for sum · unit, unit = step of the input · step of the weights / scale. Bias is
 *              given in it; the affine goes to steps of the output.
 *
 * All in float64, rounded once. The quantisation is that of Jacob et al., Quantization and Training of Neural Networks for
 * Efficient Integer-Arithmetic-Only Inference (CVPR 2018). Reference: test/reference/int8.ts.
 */
import { i16_winograd3_filter, i16_winograd4_filter } from "../kernels/i16_winograd_filter";
import * as m from "./memory";
import * as scratch from "./scratch";

/** What sums are multiplied by in F(4×4) and F(3×3). */
const SCALE4 = 576;
const SCALE3 = 36;

// Places in `RANGES`; fc2 has no affine, fc3 neither range nor slope.
const CONV5 = 4;
const FC2 = 7;
const NONE = 8;

/** The fourth channel of conv1's input, inside the picture. */
const INSIDE: i16 = 2;

// Scratch: that of winograd.ts, of no use yet.
const FILTERS: usize = scratch.OUTPUT_PANEL; // i16 [K][3][3][OC]
const ROW: usize = scratch.INPUT_PANEL; // i16, the weights of an output channel
const CONV1: usize = ROW + 2048; // f32 [16][4][3][3]
const TEMP: usize = CONV1 + 4096;

enum Layout {
  CONVOLUTION,
  DEPTHWISE,
  DENSE,
}

/** Next tensor to read. */
let source: usize = 0;

/** The activation that the next stage reads: its step, and how many of them it reaches from zero. */
let step: f64 = 1;
let reach: f64 = 255;

/** The place of a tensor of `count` floats; the next one follows. */
function take(count: i32): usize {
  const at = source;
  source += (<usize>count) << 2;
  return at;
}

/** Quantises the weights of an output channel into `ROW`. Returns their step. */
function quantise(values: usize, count: i32, scale: i32): f64 {
  let most: f32 = 0;
  for (let i = 0; i < count; i++) most = max<f32>(most, abs(load<f32>(values + ((<usize>i) << 2))));
  const limit = 2147483647.0 / <f64>scale;
  let width: f64 = most > 0 ? <f64>most / 127 : 1;
  while (!quantisedBy(width, values, count, limit)) width *= 1.0625;
  return width;
}

/** Quantises weights into `ROW`. Returns whether no sum of products can leave the limit. */
function quantisedBy(width: f64, values: usize, count: i32, limit: f64): bool {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const q = nearest<f64>(<f64>load<f32>(values + ((<usize>i) << 2)) / width);
    store<i16>(ROW + ((<usize>i) << 1), <i16>q);
    sum += abs(q);
  }
  return sum * reach <= limit;
}

/** Copies `ROW` to where a layout has it: two by two, `pairStride` bytes apart, the second `stride` after the first. */
function scatter(target: usize, count: i32, pairStride: i32, stride: i32): void {
  for (let pair = ROW; pair < ROW + ((<usize>count) << 1); pair += 4) {
    store<i16>(target, load<i16>(pair));
    store<i16>(target + stride, load<i16>(pair, 2));
    target += pairStride;
  }
}

/**
 * Packs a stage's weights, [channels][count] at `values`, to `target`, and its parameters, at `source`, to `params`.
 * @param padded channels in memory
 * @param scale what its sums are multiplied by
 * @param range which of `RANGES` its output has; none for the last stage, whose output is float
 */
function stage(
  layout: Layout,
  values: usize,
  count: i32,
  channels: i32,
  padded: i32,
  scale: i32,
  target: usize,
  params: usize,
  range: i32,
): void {
  const hasAffine = range < FC2;
  const last = range == NONE;
  const bias = take(channels);
  const slope: usize = last ? 0 : take(1);
  const factors: usize = hasAffine ? take(channels) : 0;
  const shifts: usize = hasAffine ? take(channels) : 0;
  const levels: f64 = range < CONV5 ? 255 : 32767;
  let out: f64 = 1;
  let zero: f64 = 0;
  if (!last) {
    const ends = m.RANGES + ((<usize>range) << 3);
    out = (<f64>load<f32>(ends, 4) - <f64>load<f32>(ends)) / levels;
    zero = min<f64>(max<f64>(nearest<f64>(-(<f64>load<f32>(ends)) / out), 0), levels);
  }

  const size: usize = (<usize>padded) << 2;
  for (let c = 0; c < channels; c++) {
    const unit = (step * quantise(values, count, scale)) / <f64>scale;
    if (layout == Layout.CONVOLUTION) scatter(target + (c << 1), count, 4 * channels, 2 * channels);
    else if (layout == Layout.DEPTHWISE) scatter(target + (c << 2), count, 4 * channels, 2);
    else scatter(target + (c >> 4) * (count << 5) + ((c & 15) << 2), count, 64, 2);
    values += (<usize>count) << 2;
    const at: usize = (<usize>c) << 2;
    const factor: f64 = hasAffine ? <f64>load<f32>(factors + at) : 1;
    const shift: f64 = hasAffine ? <f64>load<f32>(shifts + at) : 0;
    store<f32>(params + at, <f32>(<f64>load<f32>(bias + at) / unit));
    store<f32>(params + size + at, <f32>((factor * unit) / out));
    store<f32>(params + 2 * size + at, <f32>(shift / out));
  }
  const ends = params + 3 * size;
  v128.store(ends, last ? f32x4.splat(1) : v128.load32_splat(slope));
  v128.store(ends, f32x4.splat(<f32>-zero), 16);
  v128.store(ends, f32x4.splat(<f32>(levels - zero)), 32);
  step = out;
  reach = max<f64>(zero, levels - zero);
}

/** A convolution after conv1. */
function convolution(
  inputs: i32,
  channels: i32,
  scale: i32,
  filters: usize,
  params: usize,
  range: i32,
): void {
  const values = take(channels * inputs * 9);
  stage(Layout.CONVOLUTION, values, inputs * 9, channels, channels, scale, FILTERS, params, range);
  if (scale == SCALE4) i16_winograd4_filter(FILTERS, inputs, channels, filters, TEMP);
  else i16_winograd3_filter(FILTERS, inputs, channels, filters, TEMP);
}

/**
 * The input's affine and conv1. The zero of the affine's output, which is the padding, lies between two bytes: the byte
 * closest to it is the zero point, and what is left of the affine at that byte, a constant inside the picture and 0
 * around it, becomes the filter of a fourth channel.
 */
function input(): void {
  const scales = take(3);
  const shifts = take(3);
  const weights = take(16 * 27);
  memory.fill(CONV1, 0, 16 * 36 * 4);
  for (let c: usize = 0; c < 3; c++) {
    const scale = load<f32>(scales + 4 * c);
    const shift = load<f32>(shifts + 4 * c);
    const zero: f32 = scale == 0 ? 0 : min<f32>(max<f32>(nearest<f32>(-shift / scale), 0), 255);
    const rest = (zero * scale + shift) / <f32>INSIDE;
    store<i16>(m.I8_INPUT_OFFSETS + 2 * c, <i16>zero);
    store<i16>(m.I8_INPUT_OFFSETS + 2 * c, <i16>zero, 8);
    for (let o: usize = 0; o < 16; o++) {
      for (let tap: usize = 0; tap < 9; tap++) {
        const w = load<f32>(weights + ((o * 3 + c) * 9 + tap) * 4);
        const fourth = CONV1 + ((o * 4 + 3) * 9 + tap) * 4;
        store<f32>(CONV1 + ((o * 4 + c) * 9 + tap) * 4, w * scale);
        store<f32>(fourth, load<f32>(fourth) + w * rest);
      }
    }
  }
  store<i16>(m.I8_INPUT_OFFSETS, -INSIDE, 6);
  store<i16>(m.I8_INPUT_OFFSETS, -INSIDE, 14);
  step = 1;
  reach = 255;
}

/** For network_int8.ts. */
export function packInt8(): void {
  source = m.PARAMETERS;
  input();
  stage(Layout.CONVOLUTION, CONV1, 36, 16, 16, SCALE4, FILTERS, m.I8_CONV1_PARAMS, 0);
  i16_winograd4_filter(FILTERS, 4, 16, m.I8_CONV1_FILTERS, TEMP);
  convolution(16, 32, SCALE4, m.I8_CONV2_FILTERS, m.I8_CONV2_PARAMS, 1);
  convolution(32, 64, SCALE4, m.I8_CONV3_FILTERS, m.I8_CONV3_PARAMS, 2);
  convolution(64, 64, SCALE3, m.I8_CONV4_FILTERS, m.I8_CONV4_PARAMS, 3);
  convolution(64, 128, SCALE3, m.I8_CONV5_FILTERS, m.I8_CONV5_PARAMS, 4);
  const depthwise = take(128 * 36);
  stage(Layout.DEPTHWISE, depthwise, 36, 128, 128, 1, m.I8_DEPTHWISE_WEIGHTS, m.I8_DEPTHWISE_PARAMS, 5);
  const fc1 = take(256 * 128);
  stage(Layout.DENSE, fc1, 128, 256, 256, 1, m.I8_FC1_WEIGHTS, m.I8_FC1_PARAMS, 6);
  const fc2 = take(64 * 256);
  stage(Layout.DENSE, fc2, 256, 64, 64, 1, m.I8_FC2_WEIGHTS, m.I8_FC2_PARAMS, FC2);
  const fc3 = take(10 * 64);
  stage(Layout.DENSE, fc3, 64, 10, 16, 1, m.I8_FC3_WEIGHTS, m.I8_FC3_PARAMS, NONE);
}
