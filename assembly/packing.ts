/**
 * Done once at load: a file's tensors, float32 one after the other, go into the layouts that the kernels read
 * (docs/LAYOUTS.md). Each network's pack.ts calls these functions in the order of its tensors. A stage has a weight and a
 * bias, most have a slope, a scale and a shift after them.
 */
import { f32_winograd_filter } from "./kernels/f32_winograd_filter";

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

/** Whether all floats in `bytes` bytes from `at` on are finite; `bytes` a multiple of 16. */
export function areFinite(at: usize, bytes: usize): bool {
  let most = i32x4.splat(0);
  for (let p: usize = 0; p < bytes; p += 16) {
    most = i32x4.max_u(most, v128.and(v128.load(at + p), i32x4.splat(0x7f800000)));
  }
  return !v128.any_true(i32x4.eq(most, i32x4.splat(0x7f800000)));
}

/** The next tensor. */
let source: usize = 0;

/** The tensors that follow begin at `parameters`. */
export function readFrom(parameters: usize): void {
  source = parameters;
}

/** Passes over a tensor of `count` floats. Returns its address. */
export function take(count: i32): usize {
  const at = source;
  source += (<usize>count) << 2;
  return at;
}

/** Copies the next tensor of `count` floats. */
export function copy(target: usize, count: i32): void {
  memory.copy(target, take(count), (<usize>count) << 2);
}

/**
 * bias, slope, scale, shift → bias, scale, shift, slope, followed by the weights; what the stage lacks becomes the neutral
 * element. `block` is the number of outputs in memory.
 */
export function packParams(target: usize, outputs: i32, block: i32, hasSlope: bool, hasAffine: bool): void {
  const size: usize = (<usize>block) << 2;
  copy(target, outputs);
  if (hasSlope) copy(target + 3 * size, 1);
  else store<f32>(target + 3 * size, 1);
  if (hasAffine) copy(target + size, 2 * outputs);
  else for (let at: usize = 0; at < size; at += 4) store<f32>(target + size + at, 1);
}

/** The input's scale and shift, for four channels each. */
export function packInput(target: usize, channels: i32): void {
  copy(target, channels);
  copy(target + 16, channels);
}

/** [OC][IC][3][3] → the points of F(m×m, 3×3), m 6 or 3. */
export function packConvolution(
  m: i32,
  target: usize,
  inputs: i32,
  outputs: i32,
  hasSlope: bool,
  hasAffine: bool,
  scratch: usize,
): void {
  const weights = take(outputs * inputs * 9);
  f32_winograd_filter(m, weights, inputs, outputs, target + 12 * outputs + 16, scratch);
  packParams(target, outputs, outputs, hasSlope, hasAffine);
}

/** [C][6][6] → [6][6][C]. */
export function packDepthwise(target: usize, channels: i32): void {
  const weights = take(channels * 36);
  let at = target + 12 * channels + 16;
  for (let tap = 0; tap < 36; tap++) {
    for (let c = 0; c < channels; c++, at += 4) {
      store<f32>(at, load<f32>(weights + ((<usize>(c * 36 + tap)) << 2)));
    }
  }
  packParams(target, channels, channels, true, true);
}

/** [OUT][IN] → [OUT/32][IN][32], missing outputs zero. */
export function packDense(target: usize, inputs: i32, outputs: i32, hasSlope: bool, hasAffine: bool): void {
  const weights = take(outputs * inputs);
  const padded = (outputs + 31) & ~31;
  let at = target + 12 * padded + 16;
  for (let block = 0; block < outputs; block += 32) {
    for (let i = 0; i < inputs; i++) {
      for (let o = block; o < block + 32; o++, at += 4) {
        if (o < outputs) store<f32>(at, load<f32>(weights + ((<usize>(o * inputs + i)) << 2)));
      }
    }
  }
  packParams(target, outputs, padded, hasSlope, hasAffine);
}

/** The next `count` floats, times `factor`. */
export function packScaled(target: usize, count: i32, factor: f64): void {
  const source = take(count);
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    store<f32>(target + i, <f32>(<f64>load<f32>(source + i) * factor));
  }
}
