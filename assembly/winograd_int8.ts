/**
 * One convolution stage by Winograd in whole numbers: as winograd.ts, with int16 maps and panels and int32 sums.
 *
 * In, Out       the shapes of the two maps. Four channels of In lie two pixels per vector (i16_input_pairs.ts)
 * Scratch       where the network has room for a block: inputPanel, outputPanel, temp; the gap between a panel's points
 *
 * m             pixels of a tile's side, F(m×m, 3×3): 4 where the stage is pooled, else 3
 * blockRows     rows of tiles in a block
 * input         i16 [images][height+2][width+2][K], or [images][height+2][width/2+2][2][4]
 * filters       i16 [(m+2)²][OC/16][K/2][16][2]
 * params        f32 bias[OC], scale[OC], shift[OC], slope[4], low[4], high[4]
 * output        i16 [images][height+2][width+2][OC] of Out
 *
 * Preconditions: In's width and height multiples of m, of 2·m where pixels lie in pairs; K 4 or a multiple of 8, OC of 16.
 * Panels have room for `blockRows` rows of tiles, one tile more where that is odd, and the gap at each point.
 */
import { i16_gemm_1x4_k4 } from "./kernels/i16_gemm_1x4_k4";
import { i16_gemm_2x4 } from "./kernels/i16_gemm_2x4";
import { i16_winograd_input } from "./kernels/i16_winograd_input";
import { i16_winograd_output } from "./kernels/i16_winograd_output";


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
  const outWidth = changetype<Out>(0).width;
  const outHeight = changetype<Out>(0).height;
  const outputChannels = changetype<Out>(0).channels;
  const inputPanel = changetype<Scratch>(0).inputPanel;
  const outputPanel = changetype<Scratch>(0).outputPanel;
  const temp = changetype<Scratch>(0).temp;
  const gap = changetype<Scratch>(0).gap;

  const halves = K == 4 ? 2 : 1;
  const tilesPerRow = width / m;
  const rowsPerImage = height / m;
  const blockTiles = (blockRows * tilesPerRow + 1) & ~1; // products come in pairs of tiles, the last perhaps of no use
  const inputStride: usize = <usize>(blockTiles * K * 2) + gap;
  const outputStride: usize = <usize>(blockTiles * outputChannels * 4) + gap;
  const place: usize = K * 2 * halves;
  const lineIn: usize = <usize>(width / halves + 2) * place;
  const rowIn: usize = <usize>m * lineIn;
  const imageIn: usize = <usize>(height + 2) * lineIn;
  const pixelOut: usize = outputChannels * 2;
  const lineOut: usize = <usize>(outWidth + 2) * pixelOut;
  const rowOut: usize = <usize>(m == 4 ? 2 : 3) * lineOut;
  const imageOut: usize = <usize>(outHeight + 2) * lineOut;
  const rows = images * rowsPerImage;

  for (let first = 0; first < rows; first += blockRows) {
    const count = min(blockRows, rows - first);
    let panel = inputPanel;
    for (let r = first; r < first + count; r++) {
      const source = input + <usize>(r / rowsPerImage) * imageIn + <usize>(r % rowsPerImage) * rowIn;
      i16_winograd_input(m, source, lineIn, place, tilesPerRow / halves, panel, inputStride, temp);
      panel += <usize>(tilesPerRow * K * 2);
    }
    const points = (m + 2) * (m + 2);
    const tiles = (count * tilesPerRow + 1) & ~1;
    if (K == 4)
      i16_gemm_1x4_k4(
        points,
        inputPanel,
        inputStride,
        filters,
        outputPanel,
        outputStride,
        outputChannels,
        tiles,
      );
    else
      i16_gemm_2x4(
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
      i16_winograd_output(m, halves, panel, outputStride, params, target, width, outputChannels, temp);
      panel += <usize>(tilesPerRow * outputChannels * 4);
    }
  }
}
