/**
 * One convolution stage by Winograd in whole numbers: as winograd.ts, with int16 maps and panels and int32 sums.
 *
 * Inlined into one function a stage (network_int8.ts) with constants for all arguments but the maps and `faces`.
 */
import { i16_gemm_1x4_k4 } from "./kernels/i16_gemm_1x4_k4";
import { i16_gemm_2x4 } from "./kernels/i16_gemm_2x4";
import { i16_winograd_input } from "./kernels/i16_winograd_input";
import { i16_winograd_output } from "./kernels/i16_winograd_output";
import { WINOGRAD_INPUT_PANEL, WINOGRAD_OUTPUT_PANEL, WINOGRAD_TEMP } from "./memory";

/** Keeps the points of a panel from meeting in the same set of the cache. */
const POINT_GAP: usize = 64;

/**
 * m             pixels of a tile's side: F(m×m, 3×3), 4 where the stage is pooled, else 3
 * input         i16 [faces][size+2][size+2][K]; of `halves` 2, [faces][size+2][size/2+2][2][K] (i16_input_pairs.ts)
 * filters       i16 [(m+2)²][OC/16][K/2][16][2]
 * params        f32 bias[OC], scale[OC], shift[OC], slope[4], low[4], high[4]
 * output        i16 [faces][out+2][out+2][OC], out = size/2 when pooled, else size
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
  K: i32,
  outputChannels: i32,
  blockRows: i32,
  halves: i32,
): void {
  const tilesPerRow = size / m;
  const blockTiles = (blockRows * tilesPerRow + 1) & ~1; // products come in pairs of tiles, the last perhaps of no use
  const inputStride: usize = <usize>(blockTiles * K * 2) + POINT_GAP;
  const outputStride: usize = <usize>(blockTiles * outputChannels * 4) + POINT_GAP;
  const place: usize = K * 2 * halves;
  const rowPlaces: usize = size / halves + 2;
  const rowIn: usize = <usize>m * rowPlaces * place;
  const faceIn: usize = <usize>(size + 2) * rowPlaces * place;
  const outSize = m == 4 ? size / 2 : size;
  const pixelOut: usize = outputChannels * 2;
  const lineOut: usize = <usize>(outSize + 2) * pixelOut;
  const rowOut: usize = (m == 4 ? 2 : 3) * lineOut;
  const faceOut: usize = <usize>(outSize + 2) * lineOut;
  const tileOut: usize = outputChannels * 4;
  const rising = load<f32>(params + 3 * tileOut) >= 0;
  const rows = faces * tilesPerRow;

  for (let first = 0; first < rows; first += blockRows) {
    const count = min(blockRows, rows - first);
    let panel: usize = WINOGRAD_INPUT_PANEL;
    for (let r = first; r < first + count; r++) {
      const source = input + <usize>(r / tilesPerRow) * faceIn + <usize>(r % tilesPerRow) * rowIn;
      i16_winograd_input(
        m,
        source,
        rowPlaces * place,
        place,
        tilesPerRow / halves,
        panel,
        inputStride,
        WINOGRAD_TEMP,
      );
      panel += <usize>(tilesPerRow * K * 2);
    }
    const points = (m + 2) * (m + 2);
    const tiles = count * tilesPerRow;
    if (K == 4)
      i16_gemm_1x4_k4(
        points,
        WINOGRAD_INPUT_PANEL,
        inputStride,
        filters,
        WINOGRAD_OUTPUT_PANEL,
        outputStride,
        outputChannels,
        tiles,
      );
    else
      i16_gemm_2x4(
        points,
        WINOGRAD_INPUT_PANEL,
        inputStride,
        K,
        filters,
        WINOGRAD_OUTPUT_PANEL,
        outputStride,
        outputChannels,
        (tiles + 1) & ~1,
      );
    panel = WINOGRAD_OUTPUT_PANEL;
    for (let r = first; r < first + count; r++) {
      let target =
        output + <usize>(r / tilesPerRow) * faceOut + <usize>(r % tilesPerRow) * rowOut + lineOut + pixelOut;
      for (let half = 0; half < halves; half++) {
        const tiles = tilesPerRow / halves;
        const source = panel + <usize>half * tileOut;
        if (m == 4 && !rising)
          i16_winograd_output(
            m,
            source,
            outputStride,
            <usize>halves * tileOut,
            tiles,
            params,
            target,
            lineOut,
            outputChannels,
            false,
            WINOGRAD_TEMP,
          );
        else
          i16_winograd_output(
            m,
            source,
            outputStride,
            <usize>halves * tileOut,
            tiles,
            params,
            target,
            lineOut,
            outputChannels,
            true,
            WINOGRAD_TEMP,
          );
        target += <usize>(outSize / halves) * pixelOut;
      }
      panel += <usize>tilesPerRow * tileOut;
    }
  }
}
