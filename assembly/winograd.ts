/**
 * One convolution stage by Winograd: the rows of tiles of one or more images go in blocks through input transform, matrix
 * products and output transform, so that a block's panels stay in the cache.
 *
 * What a network knows when it is compiled comes as types, whose getters fold into strides and trip counts as constants
 * do; addresses and the number of images come as arguments. Inlined into one function per stage (network.ts).
 *
 * In, Out       the shapes of the two maps: width, height, channels. The stage is pooled where Out is narrower than In
 * Scratch       where the network has room for a block: inputPanel, outputPanel, temp; the gap between a panel's points
 *
 * m             pixels of a tile's side, F(m×m, 3×3): 6, or 3 for a stage that isn't pooled
 * blockRows     rows of tiles in a block
 * input         f32 [images][height+2][width+2][channels, padded to a multiple of 4]
 * filters       f32 [(m+2)²][OC/16][channels][16]
 * params        f32 bias[OC], scale[OC], shift[OC], slope
 * output        f32 [images][height+2][width+2][OC] of Out
 *
 * Preconditions: In's width and height multiples of m, OC of 16. Panels have room for `blockRows` rows of tiles, one tile
 * more where that is odd, and the gap at each point.
 */
import { f32_gemm_2x4 } from "./kernels/f32_gemm_2x4";
import { f32_winograd_input } from "./kernels/f32_winograd_input";
import { f32_winograd_output } from "./kernels/f32_winograd_output";


@inline
export function convolve<In, Out, Scratch>(
  m: i32,
  blockRows: i32,
  input: usize,
  filters: usize,
  params: usize,
  output: usize,
  images: i32,
): void {
  const width = changetype<In>(0).width;
  const height = changetype<In>(0).height;
  const K = changetype<In>(0).channels;
  const channels = (K + 3) & ~3;
  const outWidth = changetype<Out>(0).width;
  const outHeight = changetype<Out>(0).height;
  const outputChannels = changetype<Out>(0).channels;
  const pooled = outWidth < width;
  const inputPanel = changetype<Scratch>(0).inputPanel;
  const outputPanel = changetype<Scratch>(0).outputPanel;
  const temp = changetype<Scratch>(0).temp;
  const gap = changetype<Scratch>(0).gap;

  const tilesPerRow = width / m;
  const rowsPerImage = height / m;
  const blockTiles = (blockRows * tilesPerRow + 1) & ~1; // products come in pairs of tiles, the last perhaps of no use
  const inputStride: usize = <usize>(blockTiles * channels * 4) + gap;
  const outputStride: usize = <usize>(blockTiles * outputChannels * 4) + gap;
  const rowIn: usize = m * (width + 2) * channels * 4;
  const imageIn: usize = (height + 2) * (width + 2) * channels * 4;
  const pixelOut: usize = outputChannels * 4;
  const lineOut: usize = <usize>(outWidth + 2) * pixelOut;
  const rowOut: usize = <usize>(pooled ? m / 2 : m) * lineOut;
  const imageOut: usize = <usize>(outHeight + 2) * lineOut;
  const rows = images * rowsPerImage;

  for (let first = 0; first < rows; first += blockRows) {
    const count = min(blockRows, rows - first);
    let panel = inputPanel;
    for (let r = first; r < first + count; r++) {
      const source = input + <usize>(r / rowsPerImage) * imageIn + <usize>(r % rowsPerImage) * rowIn;
      f32_winograd_input(m, source, width, channels, panel, inputStride, temp);
      panel += <usize>(tilesPerRow * channels * 4);
    }
    const points = (m + 2) * (m + 2);
    const tiles = (count * tilesPerRow + 1) & ~1;
    f32_gemm_2x4(
      points,
      inputPanel,
      inputStride,
      K,
      filters,
      outputPanel,
      outputStride,
      outputChannels,
      tiles,
    );
    panel = outputPanel;
    for (let r = first; r < first + count; r++) {
      const corner = output + <usize>(r / rowsPerImage) * imageOut + <usize>(r % rowsPerImage) * rowOut;
      const target = corner + lineOut + pixelOut;
      f32_winograd_output(m, panel, outputStride, params, target, width, outputChannels, pooled, temp);
      panel += <usize>tilesPerRow * pixelOut;
    }
  }
}
