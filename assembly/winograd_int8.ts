/**
 * One convolution stage by Winograd in whole numbers: as winograd.ts, with int16 maps and panels and int32 sums.
 *
 * m of F(m×m, 3×3) is 4 where the stage is pooled, else 3.
 *
 * block     tiles that go through the panels at once: even, and at least a row of them
 * input     i16 [images][height+2][width+2][K], K being the channels, or 4 where there are fewer: such a map lies by pairs of
 *           pixels, [images][height+2][width/2+2][2][4] (i16_input_pairs.ts)
 * weights   f32 bias[OC], scale[OC], shift[OC], slope[4], low[4], high[4], then i16 filters [(m+2)²][OC/16][K/2][16][2]
 * output    i16 [images][height+2][width+2][OC], of half the width and height when pooled
 * scratch   TILE_BYTES, then (m+2)² times `block` tiles of both panels and two gaps (panels.ts)
 *
 * Inlined into one function per stage, with constants for all arguments but the maps and `images`.
 * Preconditions: width and height multiples of m, the width of 2·m where K is 4; else K of 8; OC of 16.
 */
import { i16_gemm_1x4_k4 } from "./kernels/i16_gemm_1x4_k4";
import { i16_gemm_2x4 } from "./kernels/i16_gemm_2x4";
import { i16_winograd_input } from "./kernels/i16_winograd_input";
import { i16_winograd_output } from "./kernels/i16_winograd_output";
import { GAP, TILE_BYTES } from "./panels";


@inline
export function convolve(
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
  const m = pooled ? 4 : 3;
  const K = (channels + 3) & ~3;
  const outWidth = pooled ? width / 2 : width;
  const outHeight = pooled ? height / 2 : height;
  const halves = K == 4 ? 2 : 1;
  const points = (m + 2) * (m + 2);
  const tilesPerRow = width / m;
  const rowsPerImage = height / m;
  const blockRows = block / tilesPerRow;
  const tileIn: usize = K * 2;
  const vectorIn: usize = <usize>halves * tileIn;
  const lineIn: usize = <usize>(width / halves + 2) * vectorIn;
  const rowIn: usize = <usize>m * lineIn;
  const imageIn: usize = <usize>(height + 2) * lineIn;
  const pixelOut: usize = OC * 2;
  const lineOut: usize = <usize>(outWidth + 2) * pixelOut;
  const rowOut: usize = <usize>(m == 4 ? 2 : 3) * lineOut;
  const imageOut: usize = <usize>(outHeight + 2) * lineOut;
  const tileOut: usize = OC * 4;
  const inputStride = <usize>block * tileIn + GAP;
  const outputStride = <usize>block * tileOut + GAP;
  const inputPanel = scratch + TILE_BYTES;
  const outputPanel = inputPanel + <usize>points * inputStride;
  const filters = weights + 3 * tileOut + 48;
  const rows = images * rowsPerImage;

  for (let first = 0; first < rows; first += blockRows) {
    const end = min(first + blockRows, rows);
    let panel = inputPanel;
    for (let r = first; r < end; r++) {
      const source = input + <usize>(r / rowsPerImage) * imageIn + <usize>(r % rowsPerImage) * rowIn;
      i16_winograd_input(m, source, lineIn, vectorIn, tilesPerRow / halves, panel, inputStride, scratch);
      panel += <usize>tilesPerRow * tileIn;
    }
    const tiles = ((end - first) * tilesPerRow + 1) & ~1; // products come in pairs, of which the last tile may be of no use
    if (K == 4)
      i16_gemm_1x4_k4(points, inputPanel, inputStride, filters, outputPanel, outputStride, OC, tiles);
    else i16_gemm_2x4(points, inputPanel, inputStride, K, filters, outputPanel, outputStride, OC, tiles);
    panel = outputPanel;
    for (let r = first; r < end; r++) {
      const corner = output + <usize>(r / rowsPerImage) * imageOut + <usize>(r % rowsPerImage) * rowOut;
      const target = corner + lineOut + pixelOut;
      i16_winograd_output(m, halves, panel, outputStride, weights, target, width, OC, scratch);
      panel += <usize>tilesPerRow * tileOut;
    }
  }
}
