/**
 * The forward pass of the finder, a line per stage: 3×3 convolutions by Winograd (../winograd.ts), F(6×6) down to stride 8, below it
 * F(3×3), whose filters are smaller and whose tiles reach less far beyond small maps. Down to stride 32, then back up to 8.
 */
import { f32_add_2x2 } from "../kernels/f32_add_2x2";
import { f32_dense_32 } from "../kernels/f32_dense_32";
import { f32_max_pool_2x2 } from "../kernels/f32_max_pool_2x2";
import { f32_space_to_depth_2x2 } from "../kernels/f32_space_to_depth_2x2";
import { clearAround, mapRow } from "../maps";
import { convolve } from "../winograd";
import * as m from "./memory";
import { BLOCK3, BLOCK6, Conv1, Conv2, Conv3, Input, Merged, Narrow, Up, Wide } from "./shape";

const POOLED = true;
const SAME_SIZE = false;

/** A stage, zeros around what it leaves: its tiles may reach beyond the map. */
@inline
function stage(tile: i32, block: i32, input: usize, weights: usize, output: usize, w: i32, h: i32, K: i32, OC: i32, pooled: bool): void {
  convolve(tile, block, input, weights, output, w, h, 1, K, OC, pooled, m.SCRATCH);
  clearAround(output, pooled ? w / 2 : w, pooled ? h / 2 : h, OC);
}

// Each is a function of its own, which the engine compiles with its constants. Width and height are those of the input.
export function conv1(w: i32, h: i32): void {
  stage(6, Conv1.BLOCK, m.INPUT_MAP, m.CONV1_WEIGHTS, m.CONV1_MAP, w, h, Input.CHANNELS, Conv1.CHANNELS, POOLED);
}
export function conv2(w: i32, h: i32): void {
  stage(6, Conv2.BLOCK, m.CONV1_MAP, m.CONV2_WEIGHTS, m.CONV2_MAP, w, h, Conv1.CHANNELS, Conv2.CHANNELS, SAME_SIZE);
}
export function conv3(w: i32, h: i32): void {
  stage(6, Conv3.BLOCK, m.CONV2_MAP, m.CONV3_WEIGHTS, m.CONV3_MAP, w, h, Conv2.CHANNELS, Conv3.CHANNELS, POOLED);
}
export function wide6(input: usize, weights: usize, output: usize, w: i32, h: i32): void {
  stage(6, BLOCK6, input, weights, output, w, h, Narrow.CHANNELS, Wide.CHANNELS, SAME_SIZE);
}
export function narrow6(input: usize, weights: usize, output: usize, w: i32, h: i32): void {
  stage(6, BLOCK6, input, weights, output, w, h, Wide.CHANNELS, Narrow.CHANNELS, SAME_SIZE);
}
export function wide3(input: usize, weights: usize, output: usize, w: i32, h: i32): void {
  stage(3, BLOCK3, input, weights, output, w, h, Narrow.CHANNELS, Wide.CHANNELS, SAME_SIZE);
}
export function narrow3(input: usize, weights: usize, output: usize, w: i32, h: i32): void {
  stage(3, BLOCK3, input, weights, output, w, h, Wide.CHANNELS, Narrow.CHANNELS, SAME_SIZE);
}
export function conv10(w: i32, h: i32): void {
  stage(3, BLOCK3, m.CONV7_MAP, m.CONV10_WEIGHTS, m.CONV10_MAP, w, h, Up.CHANNELS, Merged.CHANNELS, SAME_SIZE);
}
export function conv11(w: i32, h: i32): void {
  stage(6, BLOCK6, m.CONV5_MAP, m.CONV11_WEIGHTS, m.CONV11_MAP, w, h, Up.CHANNELS, Merged.CHANNELS, SAME_SIZE);
}

/** The canvas as a map of twice as few pixels each way. */
export function input(width: i32, height: i32): void {
  const row = mapRow(width, Input.CHANNELS);
  const first = m.INPUT_MAP + row + Input.CHANNELS * 4;
  f32_space_to_depth_2x2(m.CANVAS, width, height, first, row);
  clearAround(m.INPUT_MAP, width, height, Input.CHANNELS);
}

/** Halves a map to width × height pixels. */
export function pool(map: usize, output: usize, width: i32, height: i32): void {
  const pixel: usize = Narrow.CHANNELS * 4;
  const rowIn = mapRow(2 * width, Narrow.CHANNELS);
  const row = mapRow(width, Narrow.CHANNELS);
  f32_max_pool_2x2(map + rowIn + pixel, rowIn, output + row + pixel, row, width, height, Narrow.CHANNELS);
  clearAround(output, width, height, Narrow.CHANNELS);
}

/**
 * A 1×1 convolution of a map of width × height pixels, doubled to the nearest pixel and added to the map of twice as many each way: in
 * place, since whatever else reads that one has done so.
 */
export function up(map: usize, weights: usize, sum: usize, width: i32, height: i32): void {
  const pixel: usize = Up.CHANNELS * 4;
  const row = mapRow(width, Up.CHANNELS);
  const sumRow = mapRow(2 * width, Up.CHANNELS);
  for (let y = 1; y <= height; y++) {
    let from = map + <usize>y * row + pixel;
    let to = sum + <usize>(2 * y - 1) * sumRow + pixel;
    for (const end = from + <usize>width * pixel; from < end; from += pixel, to += 2 * pixel) {
      f32_dense_32(from, weights, m.SCRATCH, Up.CHANNELS, Up.CHANNELS);
      f32_add_2x2(m.SCRATCH, to, sumRow, Up.CHANNELS);
    }
  }
}

/**
 * Reads the canvas of w × h pixels, multiples of 32, and fills the maps that the heads read (decode.ts): CONV11_MAP, CONV10_MAP and
 * CONV9_MAP.
 */
export function forward(w: i32, h: i32): void {
  input(w / 2, h / 2);
  conv1(w / 2, h / 2);
  conv2(w / 4, h / 4);
  conv3(w / 4, h / 4);
  wide6(m.CONV3_MAP, m.CONV4_WEIGHTS, m.CONV4_MAP, w / 8, h / 8);
  narrow6(m.CONV4_MAP, m.CONV5_WEIGHTS, m.CONV5_MAP, w / 8, h / 8);
  pool(m.CONV5_MAP, m.POOL5_MAP, w / 16, h / 16);
  wide3(m.POOL5_MAP, m.CONV6_WEIGHTS, m.CONV6_MAP, w / 16, h / 16);
  narrow3(m.CONV6_MAP, m.CONV7_WEIGHTS, m.CONV7_MAP, w / 16, h / 16);
  pool(m.CONV7_MAP, m.POOL7_MAP, w / 32, h / 32);
  wide3(m.POOL7_MAP, m.CONV8_WEIGHTS, m.CONV8_MAP, w / 32, h / 32);
  narrow3(m.CONV8_MAP, m.CONV9_WEIGHTS, m.CONV9_MAP, w / 32, h / 32);
  up(m.CONV9_MAP, m.UP16_WEIGHTS, m.CONV7_MAP, w / 32, h / 32);
  conv10(w / 16, h / 16);
  up(m.CONV10_MAP, m.UP8_WEIGHTS, m.CONV5_MAP, w / 16, h / 16);
  conv11(w / 8, h / 8);
}
