/**
 * The kernels by themselves, for test/kernels: built for both tiers by test/support/wasm-setup.ts. Kernels that the
 * network inlines with constants take them as arguments here.
 */
import { f32_gemm_2x4 } from "../../assembly/kernels/f32_gemm_2x4";
import { f32_winograd_input } from "../../assembly/kernels/f32_winograd_input";
import { f32_winograd_output } from "../../assembly/kernels/f32_winograd_output";
import { convolve } from "../../assembly/winograd";
import { convolve as convolveInt8 } from "../../assembly/winograd_int8";

export * from "../../assembly/landmarks/index";
export * from "../../assembly/landmarks/memory";
export { f32_affine_input } from "../../assembly/kernels/f32_affine_input";
export { f32_conv3x3_2x2x8 } from "../../assembly/kernels/f32_conv3x3_2x2x8";
export { f32_dense_32 } from "../../assembly/kernels/f32_dense_32";
export { f32_depthwise6x6_8 } from "../../assembly/kernels/f32_depthwise6x6_8";
export { f32_sigmoid } from "../../assembly/kernels/f32_sigmoid";
export { GAP, TILE_BYTES } from "../../assembly/panels";
export { i16_winograd_filter } from "../../assembly/kernels/i16_winograd_filter";
export { i16_input_pairs } from "../../assembly/kernels/i16_input_pairs";
export { f32_winograd_filter } from "../../assembly/kernels/f32_winograd_filter";
export { conv1, conv2, conv3, conv4, conv5 } from "../../assembly/landmarks/network";
export { landmarksDirect, packDirect } from "./reference/landmarks_direct";

/** Start of the memory that belongs to the test. */
export function arena(): usize {
  return __heap_base;
}

export function winograd_input(
  m: i32,
  input: usize,
  row: usize,
  tiles: i32,
  K: i32,
  panel: usize,
  pointStride: usize,
  temp: usize,
): void {
  f32_winograd_input(m, input, row, tiles, K, panel, pointStride, temp);
}

export function gemm_2x4(
  points: i32,
  input: usize,
  inputStride: usize,
  K: i32,
  filters: usize,
  output: usize,
  outputStride: usize,
  outputChannels: i32,
  tiles: i32,
): void {
  f32_gemm_2x4(points, input, inputStride, K, filters, output, outputStride, outputChannels, tiles);
}

export function winograd_output(
  m: i32,
  panel: usize,
  pointStride: usize,
  params: usize,
  output: usize,
  row: usize,
  tiles: i32,
  channels: i32,
  pooled: bool,
  temp: usize,
): void {
  f32_winograd_output(m, panel, pointStride, params, output, row, tiles, channels, pooled, temp);
}

export function convolution(
  m: i32,
  block: i32,
  input: usize,
  weights: usize,
  output: usize,
  width: i32,
  height: i32,
  images: i32,
  K: i32,
  OC: i32,
  pooled: bool,
  scratch: usize,
): void {
  convolve(m, block, input, weights, output, width, height, images, K, OC, pooled, scratch);
}

export function convolution_int8(
  block: i32,
  input: usize,
  weights: usize,
  output: usize,
  width: i32,
  height: i32,
  images: i32,
  channels: i32,
  OC: i32,
  pooled: bool,
  scratch: usize,
): void {
  convolveInt8(block, input, weights, output, width, height, images, channels, OC, pooled, scratch);
}
