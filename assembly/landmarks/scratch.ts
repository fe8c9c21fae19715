/** Scratch of ../winograd.ts and ../winograd_int8.ts: a block's panels at their largest (conv4's, conv5's) and one tile. */
import { POINT_GAP } from "./shape";

export const INPUT_PANEL: usize = memory.data(25 * (16 * 64 * 4 + POINT_GAP), 64);
export const OUTPUT_PANEL: usize = memory.data(25 * (16 * 128 * 4 + POINT_GAP), 64);
export const TEMP: usize = memory.data(64 * 16, 64);


@final
@unmanaged
export class Scratch {

  @inline get inputPanel(): usize {
    return INPUT_PANEL;
  }


  @inline get outputPanel(): usize {
    return OUTPUT_PANEL;
  }


  @inline get temp(): usize {
    return TEMP;
  }


  @inline get gap(): i32 {
    return POINT_GAP;
  }
}
