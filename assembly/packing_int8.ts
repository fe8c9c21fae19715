/**
 * Done once at load: a file's tensors become the whole numbers of an int8 network, by the ranges of its activations. Each
 * network's pack_int8.ts calls these functions in the order of its tensors, after `readFrom` (packing.ts).
 *
 * Activations  low..high in 255 steps, or in 32,767 where that costs nothing: where no transform widens the numbers.
 *              q = round(x / step) + zero with zero = round(−low / step), so that 0 is a whole number. Maps
 *              hold q − zero.
 * Weights      −127..127, round(w / step), a step for each output channel: max |w| / 127, or larger where the sums could
 *              leave the 32 bits of Winograd's transform, which multiplies them by 576 or 36, or where the bias would be
 *              more than 2^64 units: sums, below 2^31, are lost beside it, and it stays far from the end of float32.
 * Parameters   a sum of products stands for sum · unit, unit = step of the input · step of the weights / that factor. Bias
 *              is given in it; the affine goes to steps of the output.
 *
 * All in float64, rounded once. The quantisation is that of Jacob et al., Quantization and Training of Neural Networks for
 * Efficient Integer-Arithmetic-Only Inference (CVPR 2018). Reference: test/reference/int8.ts.
 */
import { i16_winograd_filter } from "./kernels/i16_winograd_filter";
import { areFinite, take } from "./packing";

/** How a stage's weights lie: Winograd's filters of F(4×4) and F(3×3), depthwise taps, dense rows. */
export enum Layout {
  WINOGRAD4,
  WINOGRAD3,
  DEPTHWISE,
  DENSE,
}

/** Steps of a stage's output, which the last stage leaves unrounded. */
export const LEVELS_8: i32 = 255;
export const LEVELS_15: i32 = 32767;
export const UNROUNDED: i32 = 0;

/** The fourth channel of an image, inside it. */
const INSIDE: i16 = 2;

/** f32 [low, high] of the next stage's output. */
let range: usize = 0;

/** The activation that the next stage reads: its step, and how many of them it reaches from zero. */
let step: f64 = 1;
let reach: f64 = 255;

/** The step of the activation that the next stage reads. */
export function inputStep(): f64 {
  return step;
}

/** Whether all parameters so far are finite. */
let finite: bool = true;

// Scratch: the weights of an output channel as i16; a tile; the first filters, f32 [OC][4][3][3]; i16 [K][3][3][OC].
let row: usize = 0;
let temp: usize = 0;
let prepared: usize = 0;
let filters: usize = 0;

/** @param scratch 20 KB, and the largest convolution's weights as i16 */
export function begin(ranges: usize, scratch: usize): void {
  range = ranges;
  row = scratch;
  temp = scratch + 4096;
  prepared = scratch + 8192;
  filters = scratch + 20480;
  finite = true;
}

/** Whether all parameters are finite: of weights that are, the products may not be. */
export function fits(): bool {
  return finite;
}

/** Quantises the weights of an output channel into `row`. Returns their step, at least `least`. */
function quantise(values: usize, count: i32, factor: i32, least: f64): f64 {
  let most: f32 = 0;
  for (let i = 0; i < count; i++) most = max<f32>(most, abs(load<f32>(values + ((<usize>i) << 2))));
  const limit = 2147483647.0 / <f64>factor;
  let width = max<f64>(most > 0 ? <f64>most / 127 : 1, least);
  while (!quantisedBy(width, values, count, limit)) width *= 1.0625;
  return width;
}

/** Quantises weights into `row`. Returns whether no sum of products can leave the limit. */
function quantisedBy(width: f64, values: usize, count: i32, limit: f64): bool {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const q = nearest<f64>(<f64>load<f32>(values + ((<usize>i) << 2)) / width);
    store<i16>(row + ((<usize>i) << 1), <i16>q);
    sum += abs(q);
  }
  return sum * reach <= limit;
}

/** Copies `row` to where a layout has it: two by two, `pairStride` bytes apart, the second `stride` after the first. */
function scatter(target: usize, count: i32, pairStride: i32, stride: i32): void {
  for (let pair = row; pair < row + ((<usize>count) << 1); pair += 4) {
    store<i16>(target, load<i16>(pair));
    store<i16>(target + stride, load<i16>(pair, 2));
    target += pairStride;
  }
}

/**
 * The input's affine, and the first convolution's weights for it, f32 [OC][4][3][3]. The zero of the affine's output, which
 * is the padding, lies between two bytes: the byte closest to it is the zero point, and what is left of the affine at that
 * byte, a constant inside the image and 0 around it, becomes the filter of a fourth channel. Returns the weights' address.
 */
export function prepareInput(offsets: usize, outputs: i32): usize {
  const scales = take(3);
  const shifts = take(3);
  const weights = take(outputs * 27);
  memory.fill(prepared, 0, outputs * 36 * 4);
  for (let c: usize = 0; c < 3; c++) {
    const scale = load<f32>(scales + 4 * c);
    const shift = load<f32>(shifts + 4 * c);
    const zero: f32 = scale == 0 ? 0 : min<f32>(max<f32>(nearest<f32>(-shift / scale), 0), 255);
    const rest = (zero * scale + shift) / <f32>INSIDE;
    store<i16>(offsets + 2 * c, <i16>zero);
    store<i16>(offsets + 2 * c, <i16>zero, 8);
    for (let o: usize = 0; o < <usize>outputs; o++) {
      for (let tap: usize = 0; tap < 9; tap++) {
        const w = load<f32>(weights + ((o * 3 + c) * 9 + tap) * 4);
        const fourth = prepared + ((o * 4 + 3) * 9 + tap) * 4;
        store<f32>(prepared + ((o * 4 + c) * 9 + tap) * 4, w * scale);
        store<f32>(fourth, load<f32>(fourth) + w * rest);
      }
    }
  }
  store<i16>(offsets, -INSIDE, 6);
  store<i16>(offsets, -INSIDE, 14);
  step = 1;
  reach = 255;
  finite = areFinite(prepared, outputs * 36 * 4);
  return prepared;
}

/**
 * Packs a stage of `count` weights per output.
 * @param levels steps of its output
 * @param values its weights, [outputs][count], where they aren't the next tensor
 */
export function packStage(
  layout: Layout,
  count: i32,
  outputs: i32,
  target: usize,
  levels: i32,
  hasAffine: bool,
  values: usize = take(outputs * count),
): void {
  if (!finite) return; // no step is large enough for such weights
  const factor = layout == Layout.WINOGRAD4 ? 576 : layout == Layout.WINOGRAD3 ? 36 : 1;
  const bias = take(outputs);
  const slope: usize = levels ? take(1) : 0;
  const factors: usize = hasAffine ? take(outputs) : 0;
  const shifts: usize = hasAffine ? take(outputs) : 0;
  let out: f64 = 1;
  let zero: f64 = 0;
  if (levels) {
    const low = <f64>load<f32>(range);
    out = (<f64>load<f32>(range, 4) - low) / <f64>levels;
    zero = min<f64>(max<f64>(nearest<f64>(-low / out), 0), <f64>levels);
    range += 8;
  }

  const size: usize = (<usize>((outputs + 15) & ~15)) << 2;
  const limits = target + 3 * size;
  const weights = limits + 48;
  for (let c = 0; c < outputs; c++) {
    const at: usize = (<usize>c) << 2;
    const offset = <f64>load<f32>(bias + at);
    const leastUnit = abs(offset) / 18446744073709551616.0; // 2^64
    const unit = (step * quantise(values, count, factor, (leastUnit * <f64>factor) / step)) / <f64>factor;
    if (layout == Layout.DEPTHWISE) scatter(weights + (c << 2), count, 4 * outputs, 2);
    else if (layout == Layout.DENSE)
      scatter(weights + (c >> 4) * (count << 5) + ((c & 15) << 2), count, 64, 2);
    else scatter(filters + (c << 1), count, 4 * outputs, 2 * outputs);
    values += (<usize>count) << 2;
    const scale: f64 = hasAffine ? <f64>load<f32>(factors + at) : 1;
    const shift: f64 = hasAffine ? <f64>load<f32>(shifts + at) : 0;
    store<f32>(target + at, <f32>(offset / unit));
    store<f32>(target + size + at, <f32>((scale * unit) / out));
    store<f32>(target + 2 * size + at, <f32>(shift / out));
  }
  if (layout == Layout.WINOGRAD4) i16_winograd_filter(4, filters, count / 9, outputs, weights, temp);
  if (layout == Layout.WINOGRAD3) i16_winograd_filter(3, filters, count / 9, outputs, weights, temp);
  v128.store(limits, levels ? v128.load32_splat(slope) : f32x4.splat(1));
  v128.store(limits, f32x4.splat(<f32>-zero), 16);
  v128.store(limits, f32x4.splat(<f32>(<f64>levels - zero)), 32);
  finite = areFinite(target, 3 * size);
  step = out;
  reach = max<f64>(zero, <f64>levels - zero);
}
