/**
 * One convolution stage by Winograd: the rows of tiles of one or more faces go in blocks through input transform, matrix
 * products and output transform, so that a block's panels stay in cache.
 *
 * Inlined into one function a stage (network.ts) with constants for all arguments but the maps and `faces`: the engine
 * folds them into strides and trip counts.
 */
import { f32_gemm_2x4 } from "./kernels/f32_gemm_2x4";
import { f32_winograd_input } from "./kernels/f32_winograd_input";
import { f32_winograd_output } from "./kernels/f32_winograd_output";
import { WINOGRAD_INPUT_PANEL, WINOGRAD_OUTPUT_PANEL, WINOGRAD_TEMP } from "./memory";

/** Keeps the points of a panel from meeting in the same set of the cache. */
const POINT_GAP: usize = 64;

/**
 * m             pixels of a tile's side: F(m×m, 3×3)
 * input         f32 [faces][size+2][size+2][channels]
 * filters       f32 [(m+2)²][OC/16][K][16]
 * params        f32 bias[OC], scale[OC], shift[OC], slope
 * output        f32 [faces][out+2][out+2][OC]
 * K             the channels that aren't padding
 * blockRows     rows of tiles in a block
 */
@inline
export function convolve(
  m: i32,
  input: usize,
  filters: usize,
  params: usize,
  output: usize,
  faces: i32,
  size: i32,
  channels: i32,
  K: i32,
  outputChannels: i32,
  pooled: bool,
  blockRows: i32,
): void {
  const tilesPerRow = size / m;
  const inputStride: usize = <usize>(blockRows * tilesPerRow * channels * 4) + POINT_GAP;
  const outputStride: usize = <usize>(blockRows * tilesPerRow * outputChannels * 4) + POINT_GAP;
  const rowIn: usize = m * (size + 2) * channels * 4;
  const faceIn: usize = (size + 2) * (size + 2) * channels * 4;
  const outSize = pooled ? size / 2 : size;
  const pixelOut: usize = outputChannels * 4;
  const rowOut = <usize>((pooled ? m / 2 : m) * (outSize + 2)) * pixelOut;
  const faceOut = <usize>((outSize + 2) * (outSize + 2)) * pixelOut;
  const interior = <usize>(outSize + 3) * pixelOut;
  const rising = load<f32>(params + 3 * pixelOut) >= 0;
  const rows = faces * tilesPerRow;

  for (let first = 0; first < rows; first += blockRows) {
    const count = min(blockRows, rows - first);
    let panel: usize = WINOGRAD_INPUT_PANEL;
    for (let r = first; r < first + count; r++) {
      const source = input + <usize>(r / tilesPerRow) * faceIn + <usize>(r % tilesPerRow) * rowIn;
      f32_winograd_input(m, source, size, channels, panel, inputStride, WINOGRAD_TEMP);
      panel += tilesPerRow * channels * 4;
    }
    f32_gemm_2x4(
      (m + 2) * (m + 2),
      WINOGRAD_INPUT_PANEL,
      inputStride,
      channels,
      K,
      filters,
      WINOGRAD_OUTPUT_PANEL,
      outputStride,
      outputChannels,
      count * tilesPerRow,
    );
    panel = WINOGRAD_OUTPUT_PANEL;
    for (let r = first; r < first + count; r++) {
      const target =
        output + interior + <usize>(r / tilesPerRow) * faceOut + <usize>(r % tilesPerRow) * rowOut;
      if (pooled && !rising)
        f32_winograd_output(
          m,
          panel,
          outputStride,
          params,
          target,
          size,
          outputChannels,
          pooled,
          false,
          WINOGRAD_TEMP,
        );
      else
        f32_winograd_output(
          m,
          panel,
          outputStride,
          params,
          target,
          size,
          outputChannels,
          pooled,
          true,
          WINOGRAD_TEMP,
        );
      panel += <usize>tilesPerRow * pixelOut;
    }
  }
}
