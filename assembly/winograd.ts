/**
 * One convolution stage by Winograd: the rows of tiles of one or more images go in blocks through input transform, matrix
 * products and output transform, so that a block's panels stay in the cache.
 *
 * In, Out   the two maps as types, whose getters width, height and channels fold into strides and trip counts as constants
 *           do. The stage is pooled where Out is narrower than In
 * m         pixels of a tile's side, F(m×m, 3×3): 6, or 3 for a stage that isn't pooled
 * block     tiles that go through the panels at once: even, and at least a row of them
 * input     f32 [images][height+2][width+2][channels], the channels padded to a multiple of 4
 * weights   f32 bias[OC], scale[OC], shift[OC], slope[4], then the filters [(m+2)²][OC/16][channels][16]
 * output    f32 [images][height+2][width+2][OC] of Out
 * scratch   TILE_BYTES, then (m+2)² times `block` tiles of both panels and two gaps (panels.ts)
 *
 * Inlined into one function per stage, with constants for all arguments but the maps and `images`.
 * Preconditions: In's width and height multiples of m, OC of 16.
 */
import { f32_gemm_2x4 } from "./kernels/f32_gemm_2x4";
import { f32_winograd_input } from "./kernels/f32_winograd_input";
import { f32_winograd_output } from "./kernels/f32_winograd_output";
import { GAP, TILE_BYTES } from "./panels";


@inline
export function convolve<In, Out>(
  m: i32,
  block: i32,
  input: usize,
  weights: usize,
  output: usize,
  images: i32,
  scratch: usize,
): void {
  const width = changetype<In>(0).width;
  const height = changetype<In>(0).height;
  const K = changetype<In>(0).channels;
  const outWidth = changetype<Out>(0).width;
  const outHeight = changetype<Out>(0).height;
  const OC = changetype<Out>(0).channels;
  const pooled = outWidth < width;

  const points = (m + 2) * (m + 2);
  const tilesPerRow = width / m;
  const rowsPerImage = height / m;
  const blockRows = block / tilesPerRow;
  const pixelIn: usize = ((K + 3) & ~3) * 4;
  const lineIn: usize = <usize>(width + 2) * pixelIn;
  const rowIn: usize = <usize>m * lineIn;
  const imageIn: usize = <usize>((height + 2) * (width + 2)) * pixelIn;
  const pixelOut: usize = OC * 4;
  const lineOut: usize = <usize>(outWidth + 2) * pixelOut;
  const rowOut: usize = <usize>(pooled ? m / 2 : m) * lineOut;
  const imageOut: usize = <usize>(outHeight + 2) * lineOut;
  const inputStride = <usize>block * pixelIn + GAP;
  const outputStride = <usize>block * pixelOut + GAP;
  const inputPanel = scratch + TILE_BYTES;
  const outputPanel = inputPanel + <usize>points * inputStride;
  const filters = weights + 3 * pixelOut + 16;
  const rows = images * rowsPerImage;

  for (let first = 0; first < rows; first += blockRows) {
    const end = min(first + blockRows, rows);
    let panel = inputPanel;
    for (let r = first; r < end; r++) {
      const source = input + <usize>(r / rowsPerImage) * imageIn + <usize>(r % rowsPerImage) * rowIn;
      f32_winograd_input(m, source, lineIn, tilesPerRow, K, panel, inputStride, scratch);
      panel += <usize>tilesPerRow * pixelIn;
    }
    const tiles = ((end - first) * tilesPerRow + 1) & ~1; // products come in pairs, of which the last tile may be of no use
    f32_gemm_2x4(points, inputPanel, inputStride, K, filters, outputPanel, outputStride, OC, tiles);
    panel = outputPanel;
    for (let r = first; r < end; r++) {
      const corner = output + <usize>(r / rowsPerImage) * imageOut + <usize>(r % rowsPerImage) * rowOut;
      const target = corner + lineOut + pixelOut;
      f32_winograd_output(m, panel, outputStride, weights, target, lineOut, tilesPerRow, OC, pooled, scratch);
      panel += <usize>tilesPerRow * pixelOut;
    }
  }
}
