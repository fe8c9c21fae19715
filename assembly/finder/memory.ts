/**
 * The memory map. What depends on the weights alone lies in static regions, whose addresses are constants of the module;
 * what depends on the size of an image lies behind them, in regions that `reserve` lays out once for the largest one. Nothing
 * allocates later. Regions are zero at the start; the optimiser drops the zeros from the binary.
 */
import { mapRow, mapRows } from "../maps";
import { TILE_BYTES } from "../panels";
import { CELL, Conv1, Conv2, Conv3, Head, Input, Merged, Narrow, PANELS, Up, Wide } from "./shape";

/** u8: rows of an image in 8 slots, 15 bytes beyond each can be read, and what image/u8_shrink_area.ts works in. */
export const ROW_BYTES: i32 = 1 << 15;
export const ROW_STRIDE: i32 = ROW_BYTES + 16;
export const ROWS: usize = memory.data(8 * ROW_STRIDE, 16);
export const ROW_TAPS: usize = memory.data(4 * 12, 16);
export const COLUMNS: usize = memory.data(2 * ROW_BYTES + 32, 16);

// All tensors as float32, in the order of src/core/finder/network.ts; `pack` reads them. Each channel of a stage has its weights
// and a bias; of a 3×3 convolution scale and shift too, and each of these stages a slope.
const LEVEL: i32 = (9 * Narrow.CHANNELS + 3) * Wide.CHANNELS + (9 * Wide.CHANNELS + 3) * Narrow.CHANNELS + 2;
const MERGED: i32 = (9 * Up.CHANNELS + 3) * Merged.CHANNELS + 1;
const UP: i32 = (Up.CHANNELS + 1) * Up.CHANNELS;
const PARAMETERS_COUNT: i32 =
  (9 * Input.CHANNELS + 3) * Conv1.CHANNELS +
  (9 * Conv1.CHANNELS + 3) * Conv2.CHANNELS +
  (9 * Conv2.CHANNELS + 3) * Conv3.CHANNELS +
  3 +
  3 * LEVEL +
  2 * MERGED +
  2 * UP +
  3 * Head.WEIGHTS;
export const PARAMETERS_BYTES: i32 = (PARAMETERS_COUNT * 4 + 15) & ~15; // whole vectors
export const PARAMETERS: usize = memory.data(PARAMETERS_BYTES, 16);

// What `pack` makes of them for the kernels: each stage's bias, scale, shift and slope, then its filters.
export const CONV1_WEIGHTS: usize = memory.data(Conv1.WEIGHTS * 4, 16);
export const CONV2_WEIGHTS: usize = memory.data(Conv2.WEIGHTS * 4, 16);
export const CONV3_WEIGHTS: usize = memory.data(Conv3.WEIGHTS * 4, 16);
export const CONV4_WEIGHTS: usize = memory.data(Wide.WEIGHTS6 * 4, 16);
export const CONV5_WEIGHTS: usize = memory.data(Narrow.WEIGHTS6 * 4, 16);
export const CONV6_WEIGHTS: usize = memory.data(Wide.WEIGHTS3 * 4, 16);
export const CONV7_WEIGHTS: usize = memory.data(Narrow.WEIGHTS3 * 4, 16);
export const CONV8_WEIGHTS: usize = memory.data(Wide.WEIGHTS3 * 4, 16);
export const CONV9_WEIGHTS: usize = memory.data(Narrow.WEIGHTS3 * 4, 16);
export const CONV10_WEIGHTS: usize = memory.data(Merged.WEIGHTS3 * 4, 16);
export const CONV11_WEIGHTS: usize = memory.data(Merged.WEIGHTS6 * 4, 16);
export const UP16_WEIGHTS: usize = memory.data(Up.WEIGHTS * 4, 16);
export const UP8_WEIGHTS: usize = memory.data(Up.WEIGHTS * 4, 16);

/** As a file has them, f32 [CHANNELS][32], then the biases. */
export const HEAD8_WEIGHTS: usize = memory.data(Head.WEIGHTS * 4, 16);
export const HEAD16_WEIGHTS: usize = memory.data(Head.WEIGHTS * 4, 16);
export const HEAD32_WEIGHTS: usize = memory.data(Head.WEIGHTS * 4, 16);

/** For ../panels.ts. */
export const SCRATCH: usize = memory.data(TILE_BYTES + PANELS, 64);

// What `reserve` lays out, for an image of the largest size. u8 [height][width][3] RGB: the shrunk image on black.
export let CANVAS: usize = 0;
export let COLUMN_TABLE: usize = 0;
// Activations, maps as ../maps.ts has them; a stage's output is the next one's input. An up adds to CONV7_MAP and CONV5_MAP.
export let INPUT_MAP: usize = 0;
export let CONV1_MAP: usize = 0;
export let CONV2_MAP: usize = 0;
export let CONV3_MAP: usize = 0;
export let CONV4_MAP: usize = 0;
export let CONV5_MAP: usize = 0;
export let POOL5_MAP: usize = 0;
export let CONV6_MAP: usize = 0;
export let CONV7_MAP: usize = 0;
export let POOL7_MAP: usize = 0;
export let CONV8_MAP: usize = 0;
export let CONV9_MAP: usize = 0;
export let CONV10_MAP: usize = 0;
export let CONV11_MAP: usize = 0;
/** f32 [cells][score, left, top, right, bottom]. */
export let CANDIDATES: usize = 0;

/** End of what is laid out. */
export let top: usize = 0;

function take(bytes: usize): usize {
  const at = top;
  top += (bytes + 63) & ~63;
  return at;
}

function takeMap(side: i32, channels: i32): usize {
  return take(<usize>mapRows(side) * mapRow(side, channels));
}

/**
 * Lays out the regions for canvases up to `side` pixels wide and high and grows the memory to hold them.
 * @returns whether there is as much memory
 */
export function reserve(side: i32): bool {
  top = (__heap_base + 63) & ~63;
  CANVAS = take(<usize>(side * side * 3 + 16)); // kernels read and write a few bytes behind the last pixel
  COLUMN_TABLE = take(<usize>(side * 12 + 2 * ROW_BYTES)); // at most one pair a column more than half of the samples
  INPUT_MAP = takeMap(side / 2, Input.CHANNELS);
  CONV1_MAP = takeMap(side / 4, Conv1.CHANNELS);
  CONV2_MAP = takeMap(side / 4, Conv2.CHANNELS);
  CONV3_MAP = takeMap(side / 8, Conv3.CHANNELS);
  CONV4_MAP = takeMap(side / 8, Wide.CHANNELS);
  CONV5_MAP = takeMap(side / 8, Narrow.CHANNELS);
  POOL5_MAP = takeMap(side / 16, Narrow.CHANNELS);
  CONV6_MAP = takeMap(side / 16, Wide.CHANNELS);
  CONV7_MAP = takeMap(side / 16, Narrow.CHANNELS);
  POOL7_MAP = takeMap(side / 32, Narrow.CHANNELS);
  CONV8_MAP = takeMap(side / 32, Wide.CHANNELS);
  CONV9_MAP = takeMap(side / 32, Narrow.CHANNELS);
  CONV10_MAP = takeMap(side / 16, Merged.CHANNELS);
  CONV11_MAP = takeMap(side / 8, Merged.CHANNELS);
  CANDIDATES = take(<usize>((side / CELL) * (side / CELL) * (16 + 4 + 1) * 20));
  const pages = <i32>((top + 0xffff) >> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}
