/**
 * One convolution stage as ../winograd.ts has it, on a map of any size: its tiles, row by row, go in blocks through input transform, matrix
 * products and output transform, so that a block's panels stay in cache.
 *
 * The last tiles of a row and of a column may reach beyond the map, where it is stored as zeros; what the stage writes there
 * becomes zeros again, as do the borders: together they are the padding of the next convolution.
 *
 * Inlined into one function for each shape (network.ts) with constants for all arguments but the pointers, width and height. Preconditions: K a
 * multiple of 4, OC of 16.
 */
import { f32_gemm_2x4 } from "../kernels/f32_gemm_2x4";
import { f32_winograd_input } from "../kernels/f32_winograd_input";
import { f32_winograd_output } from "../kernels/f32_winograd_output";
import { GAP, TILE_BYTES } from "../panels";
import { mapRow, mapRows, SCRATCH } from "./memory";

/**
 * m         pixels of a tile's side, F(m×m, 3×3): 6, or 3 for a stage that isn't pooled
 * block     tiles that go through the panels at once: even
 * input     f32 map of width × height pixels (memory.ts), K channels
 * weights   f32 bias[OC], scale[OC], shift[OC], slope[4], then the filters [(m+2)²][OC/16][K][16]
 * output    f32 map of OC channels, of half the width and height when pooled
 */
@inline
export function convolve(
  m: i32,
  block: i32,
  input: usize,
  weights: usize,
  output: usize,
  width: i32,
  height: i32,
  K: i32,
  OC: i32,
  pooled: bool,
): void {
  const points = (m + 2) * (m + 2);
  const tilesPerRow = (width + m - 1) / m;
  const tiles = tilesPerRow * ((height + m - 1) / m);
  const pixelIn: usize = K * 4;
  const pixelOut: usize = OC * 4;
  const inputStride = <usize>block * pixelIn + GAP;
  const outputStride = <usize>block * pixelOut + GAP;
  const inputPanel = SCRATCH + TILE_BYTES;
  const outputPanel = inputPanel + <usize>points * inputStride;
  const filters = weights + 3 * pixelOut + 16;
  const mOut: usize = pooled ? m / 2 : m;
  const outWidth = pooled ? width / 2 : width;
  const outHeight = pooled ? height / 2 : height;
  const lineIn = mapRow(width, K);
  const lineOut = mapRow(outWidth, OC);

  for (let first = 0; first < tiles; first += block) {
    const end = min(first + block, tiles);
    let panel = inputPanel;
    for (let t = first; t < end;) {
      const y = t / tilesPerRow;
      const x = t - y * tilesPerRow;
      const count = min(tilesPerRow - x, end - t);
      const source = input + <usize>(y * m) * lineIn + <usize>(x * m) * pixelIn;
      f32_winograd_input(m, source, lineIn, count, K, panel, inputStride, SCRATCH);
      panel += <usize>count * pixelIn;
      t += count;
    }
    const pairs = (end - first + 1) & ~1; // of which the last tile may be of no use
    f32_gemm_2x4(points, inputPanel, inputStride, K, filters, outputPanel, outputStride, OC, pairs);
    panel = outputPanel;
    for (let t = first; t < end;) {
      const y = t / tilesPerRow;
      const x = t - y * tilesPerRow;
      const count = min(tilesPerRow - x, end - t);
      const target = output + (<usize>y * mOut + 1) * lineOut + (<usize>x * mOut + 1) * pixelOut;
      f32_winograd_output(m, panel, outputStride, weights, target, lineOut, count, OC, pooled, SCRATCH);
      panel += <usize>count * pixelOut;
      t += count;
    }
  }
  clearAround(output, outWidth, outHeight, OC);
}

/** Makes zeros of all that is stored of a map beyond its pixels. */
export function clearAround(map: usize, width: i32, height: i32, channels: i32): void {
  const pixel = <usize>(channels * 4);
  const row = mapRow(width, channels);
  const inside = <usize>width * pixel;
  clear(map, map + row + pixel); // up to the first pixel
  map += row + pixel;
  for (let y = 1; y < height; y++, map += row) clear(map + inside, map + row); // from a row's last pixel to the next one's first
  clear(map + inside, map - pixel + <usize>(mapRows(height) - height) * row);
}


@inline
function clear(at: usize, end: usize): void {
  for (; at < end; at += 16) v128.store(at, i32x4.splat(0));
}
