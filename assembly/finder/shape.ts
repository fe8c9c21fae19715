/**
 * The shape of the finder's network: the one table that memory map, forward pass and packing follow from. A stage is named for
 * what it leaves, a map of CHANNELS numbers per pixel; how large a map is depends on the image.
 */
import { GAP } from "../panels";

// Points of Winograd's F(m×m, 3×3).
const F3: i32 = 25;
const F6: i32 = 64;

/** Sides of a canvas are multiples of this: a cell of the last head is as large. */
export const CELL: i32 = 32;

/** At 1/2 of the canvas: red, green and blue of 2×2 pixels. */
export class Input {
  static readonly CHANNELS: i32 = 12;
}

/** At 1/4, pooled. */
export class Conv1 {
  static readonly CHANNELS: i32 = 16;
  static readonly TILE: i32 = 6; // m of F(m×m, 3×3)
  static readonly BLOCK: i32 = 32; // tiles that go through the panels at once
  static readonly WEIGHTS: i32 = (F6 * Input.CHANNELS + 3) * Conv1.CHANNELS + 4; // numbers, as packed
}

/** At 1/4. */
export class Conv2 {
  static readonly CHANNELS: i32 = 32;
  static readonly TILE: i32 = 6;
  static readonly BLOCK: i32 = 14;
  static readonly WEIGHTS: i32 = (F6 * Conv1.CHANNELS + 3) * Conv2.CHANNELS + 4;
}

/** At 1/8, pooled. */
export class Conv3 {
  static readonly CHANNELS: i32 = 32;
  static readonly TILE: i32 = 6;
  static readonly BLOCK: i32 = 14;
  static readonly WEIGHTS: i32 = (F6 * Conv2.CHANNELS + 3) * Conv3.CHANNELS + 4;
}

/** conv4 at 1/8, conv6 at 1/16, conv8 at 1/32. */
export class Wide {
  static readonly CHANNELS: i32 = 64;
  static readonly WEIGHTS6: i32 = (F6 * Conv3.CHANNELS + 3) * Wide.CHANNELS + 4; // by F(6×6, 3×3)
  static readonly WEIGHTS3: i32 = (F3 * Conv3.CHANNELS + 3) * Wide.CHANNELS + 4; // by F(3×3, 3×3)
}

/** conv5, conv7 and conv9, each of the map before it. */
export class Narrow {
  static readonly CHANNELS: i32 = Conv3.CHANNELS;
  static readonly WEIGHTS6: i32 = (F6 * Wide.CHANNELS + 3) * Narrow.CHANNELS + 4;
  static readonly WEIGHTS3: i32 = (F3 * Wide.CHANNELS + 3) * Narrow.CHANNELS + 4;
}

/** up16 of conv9 and up8 of conv10: what is added to the map of twice as many pixels each way. As many channels in as out. */
export class Up {
  static readonly CHANNELS: i32 = Narrow.CHANNELS;
  static readonly WEIGHTS: i32 = (Up.CHANNELS + 3) * Up.CHANNELS + 4;
}

/** conv10 of conv7's map and up16, conv11 of conv5's and up8. */
export class Merged {
  static readonly CHANNELS: i32 = Narrow.CHANNELS;
  static readonly WEIGHTS6: i32 = (F6 * Up.CHANNELS + 3) * Merged.CHANNELS + 4;
  static readonly WEIGHTS3: i32 = (F3 * Up.CHANNELS + 3) * Merged.CHANNELS + 4;
}

/** head8 of conv11, head16 of conv10 and head32 of conv9: what a cell proposes (decode.ts). */
export class Head {
  static readonly CHANNELS: i32 = 16; // as a file has them; the first five are read, score and box
  static readonly WEIGHTS: i32 = (Narrow.CHANNELS + 1) * Head.CHANNELS;
}

// Tiles of a block in the stages of the three levels, by F(6×6, 3×3) at 1/8 and F(3×3, 3×3) below.
export const BLOCK6: i32 = 14;
export const BLOCK3: i32 = 36;
/** Bytes of the largest block's panels, conv4's and conv5's. */
export const PANELS: i32 = F6 * (BLOCK6 * 4 * (Narrow.CHANNELS + Wide.CHANNELS) + 2 * GAP);
