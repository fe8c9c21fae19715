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

let width: i32 = 0;
let height: i32 = 0;
let channels: i32 = 0;
let pooling: i32 = 1;
let outputs: i32 = 0;

/** A map of any size, as a network has that finds it at run time. */
class In {
  get width(): i32 {
    return width;
  }
  get height(): i32 {
    return height;
  }
  get channels(): i32 {
    return channels;
  }
}

class Out {
  get width(): i32 {
    return width / pooling;
  }
  get height(): i32 {
    return height / pooling;
  }
  get channels(): i32 {
    return outputs;
  }
}

/** The maps of `convolution` and `convolution_int8`. */
export function maps(inWidth: i32, inHeight: i32, inChannels: i32, pooled: bool, outChannels: i32): void {
  width = inWidth;
  height = inHeight;
  channels = inChannels;
  pooling = pooled ? 2 : 1;
  outputs = outChannels;
}

export function convolution(
  m: i32,
  block: i32,
  input: usize,
  weights: usize,
  output: usize,
  images: i32,
  scratch: usize,
): void {
  convolve<In, Out>(m, block, input, weights, output, images, scratch);
}

export function convolution_int8(
  block: i32,
  input: usize,
  weights: usize,
  output: usize,
  images: i32,
  scratch: usize,
): void {
  convolveInt8<In, Out>(block, input, weights, output, images, scratch);
}
