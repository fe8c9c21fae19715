/**
 * One convolution stage by Winograd: the tiles of one or more images, row by row, go in blocks through input transform, matrix
 * products and output transform, so that a block's panels stay in the cache.
 *
 * m         pixels of a tile's side, F(m×m, 3×3): 6, or 3 for a stage that isn't pooled
 * block     tiles that go through the panels at once: even
 * input     f32 [images] maps of width × height pixels (maps.ts), K channels padded to a multiple of 4
 * weights   f32 bias[OC], scale[OC], shift[OC], slope[4], then the filters [(m+2)²][OC/16][K][16]
 * output    f32 [images] maps of OC channels, of half the width and height when pooled
 * scratch   TILE_BYTES, then (m+2)² times `block` tiles of both panels and two gaps (panels.ts)
 *
 * The last tiles of a row and of a column may reach beyond the map. What they write there has to become zeros again
 * (`clearAround` of maps.ts), unless tiles cover the map exactly.
 *
 * Inlined into one function per shape, with constants for m, block, K, OC and pooled. Where the others are constants too, they fold
 * into strides and trip counts. Preconditions: OC a multiple of 16.
 */
import { f32_gemm_2x4 } from "./kernels/f32_gemm_2x4";
import { f32_winograd_input } from "./kernels/f32_winograd_input";
import { f32_winograd_output } from "./kernels/f32_winograd_output";
import { mapRow, mapRows } from "./maps";
import { GAP, TILE_BYTES } from "./panels";


@inline
export function convolve(
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
  const points = (m + 2) * (m + 2);
  const tilesPerRow = (width + m - 1) / m;
  const rowsPerImage = (height + m - 1) / m;
  const tiles = images * rowsPerImage * tilesPerRow;
  const padded = (K + 3) & ~3;
  const pixelIn: usize = padded * 4;
  const pixelOut: usize = OC * 4;
  const inputStride = <usize>block * pixelIn + GAP;
  const outputStride = <usize>block * pixelOut + GAP;
  const inputPanel = scratch + TILE_BYTES;
  const outputPanel = inputPanel + <usize>points * inputStride;
  const filters = weights + 3 * pixelOut + 16;
  const mOut: usize = pooled ? m / 2 : m;
  const outWidth = pooled ? width / 2 : width;
  const outHeight = pooled ? height / 2 : height;
  const lineIn = mapRow(width, padded);
  const lineOut = mapRow(outWidth, OC);
  const imageIn = <usize>mapRows(height) * lineIn;
  const imageOut = <usize>mapRows(outHeight) * lineOut;

  for (let first = 0; first < tiles; first += block) {
    const end = min(first + block, tiles);
    let panel = inputPanel;
    for (let t = first; t < end;) {
      const r = t / tilesPerRow;
      const x = t - r * tilesPerRow;
      const count = min(tilesPerRow - x, end - t);
      const image = r / rowsPerImage;
      const y = r - image * rowsPerImage;
      const corner = input + <usize>image * imageIn + <usize>(y * m) * lineIn;
      const source = corner + <usize>(x * m) * pixelIn;
      f32_winograd_input(m, source, lineIn, count, K, panel, inputStride, scratch);
      panel += <usize>count * pixelIn;
      t += count;
    }
    const pairs = (end - first + 1) & ~1; // of which the last tile may be of no use
    f32_gemm_2x4(points, inputPanel, inputStride, K, filters, outputPanel, outputStride, OC, pairs);
    panel = outputPanel;
    for (let t = first; t < end;) {
      const r = t / tilesPerRow;
      const x = t - r * tilesPerRow;
      const count = min(tilesPerRow - x, end - t);
      const image = r / rowsPerImage;
      const y = r - image * rowsPerImage;
      const corner = output + <usize>image * imageOut + (<usize>y * mOut + 1) * lineOut;
      const target = corner + (<usize>x * mOut + 1) * pixelOut;
      f32_winograd_output(m, panel, outputStride, weights, target, lineOut, count, OC, pooled, scratch);
      panel += <usize>count * pixelOut;
      t += count;
    }
  }
}
