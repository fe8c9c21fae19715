/**
 * The shape of landmarks-regression-retail-0009: the one table that memory map, forward pass and packing follow from. A
 * stage is named for what it leaves, a map of SIZE×SIZE pixels of CHANNELS or a row of numbers.
 */
import { GAP } from "../panels";

/** Faces that one call of `forward` takes; conv4 and conv5 take them together. */
export const BATCH: i32 = 16;

// Points of Winograd's F(m×m, 3×3).
const F3: i32 = 25;
const F4: i32 = 36;
const F6: i32 = 64;

/** The crop after its affine: blue, green and red. */
export class Input {
  static readonly SIZE: i32 = 48;
  static readonly CHANNELS: i32 = 3;
}

/** 24×24×16, pooled as conv2 and conv3 are. */
export class Conv1 {
  static readonly SIZE: i32 = Input.SIZE / 2;
  static readonly CHANNELS: i32 = 16;
  static readonly TILE: i32 = 6; // m of F(m×m, 3×3) in float32
  static readonly BLOCK: i32 = 16; // tiles that go through the panels at once
  static readonly I8_BLOCK: i32 = 12; // the same in int8
  static readonly MAP: i32 = (Conv1.SIZE + 2) * (Conv1.SIZE + 2) * Conv1.CHANNELS; // numbers, with the border
  static readonly WEIGHTS: i32 = (F6 * Input.CHANNELS + 3) * Conv1.CHANNELS + 4; // numbers, as packed
  static readonly I8_WEIGHTS: i32 = (2 * F4 * 4 + 12) * Conv1.CHANNELS + 48; // bytes
  static readonly PANELS: i32 = F6 * (Conv1.BLOCK * 4 * (4 + Conv1.CHANNELS) + 2 * GAP); // bytes
  static readonly I8_PANELS: i32 = F4 * (Conv1.I8_BLOCK * (2 * 4 + 4 * Conv1.CHANNELS) + 2 * GAP); // bytes
}

/** 12×12×32. */
export class Conv2 {
  static readonly SIZE: i32 = Conv1.SIZE / 2;
  static readonly CHANNELS: i32 = 32;
  static readonly TILE: i32 = 6;
  static readonly BLOCK: i32 = 8;
  static readonly I8_BLOCK: i32 = 12;
  static readonly MAP: i32 = (Conv2.SIZE + 2) * (Conv2.SIZE + 2) * Conv2.CHANNELS;
  static readonly WEIGHTS: i32 = (F6 * Conv1.CHANNELS + 3) * Conv2.CHANNELS + 4;
  static readonly I8_WEIGHTS: i32 = (2 * F4 * Conv1.CHANNELS + 12) * Conv2.CHANNELS + 48;
  static readonly PANELS: i32 = F6 * (Conv2.BLOCK * 4 * (Conv1.CHANNELS + Conv2.CHANNELS) + 2 * GAP);
  static readonly I8_PANELS: i32 =
    F4 * (Conv2.I8_BLOCK * (2 * Conv1.CHANNELS + 4 * Conv2.CHANNELS) + 2 * GAP);
}

/** 6×6×64. */
export class Conv3 {
  static readonly SIZE: i32 = Conv2.SIZE / 2;
  static readonly CHANNELS: i32 = 64;
  static readonly TILE: i32 = 6;
  static readonly BLOCK: i32 = 4;
  static readonly I8_BLOCK: i32 = 10;
  static readonly MAP: i32 = (Conv3.SIZE + 2) * (Conv3.SIZE + 2) * Conv3.CHANNELS;
  static readonly WEIGHTS: i32 = (F6 * Conv2.CHANNELS + 3) * Conv3.CHANNELS + 4;
  static readonly I8_WEIGHTS: i32 = (2 * F4 * Conv2.CHANNELS + 12) * Conv3.CHANNELS + 48;
  static readonly PANELS: i32 = F6 * (Conv3.BLOCK * 4 * (Conv2.CHANNELS + Conv3.CHANNELS) + 2 * GAP);
  static readonly I8_PANELS: i32 =
    F4 * (Conv3.I8_BLOCK * (2 * Conv2.CHANNELS + 4 * Conv3.CHANNELS) + 2 * GAP);
}

/** 6×6×64. */
export class Conv4 {
  static readonly SIZE: i32 = Conv3.SIZE;
  static readonly CHANNELS: i32 = 64;
  static readonly TILE: i32 = 3;
  static readonly BLOCK: i32 = 16;
  static readonly I8_BLOCK: i32 = 16;
  static readonly MAP: i32 = (Conv4.SIZE + 2) * (Conv4.SIZE + 2) * Conv4.CHANNELS;
  static readonly WEIGHTS: i32 = (F3 * Conv3.CHANNELS + 3) * Conv4.CHANNELS + 4;
  static readonly I8_WEIGHTS: i32 = (2 * F3 * Conv3.CHANNELS + 12) * Conv4.CHANNELS + 48;
  static readonly PANELS: i32 = F3 * (Conv4.BLOCK * 4 * (Conv3.CHANNELS + Conv4.CHANNELS) + 2 * GAP);
  static readonly I8_PANELS: i32 =
    F3 * (Conv4.I8_BLOCK * (2 * Conv3.CHANNELS + 4 * Conv4.CHANNELS) + 2 * GAP);
}

/** 6×6×128. */
export class Conv5 {
  static readonly SIZE: i32 = Conv4.SIZE;
  static readonly CHANNELS: i32 = 128;
  static readonly TILE: i32 = 3;
  static readonly BLOCK: i32 = 16;
  static readonly I8_BLOCK: i32 = 16;
  static readonly MAP: i32 = (Conv5.SIZE + 2) * (Conv5.SIZE + 2) * Conv5.CHANNELS;
  static readonly WEIGHTS: i32 = (F3 * Conv4.CHANNELS + 3) * Conv5.CHANNELS + 4;
  static readonly I8_WEIGHTS: i32 = (2 * F3 * Conv4.CHANNELS + 12) * Conv5.CHANNELS + 48;
  static readonly PANELS: i32 = F3 * (Conv5.BLOCK * 4 * (Conv4.CHANNELS + Conv5.CHANNELS) + 2 * GAP);
  static readonly I8_PANELS: i32 =
    F3 * (Conv5.I8_BLOCK * (2 * Conv4.CHANNELS + 4 * Conv5.CHANNELS) + 2 * GAP);
}

// The depthwise convolution of 6×6 pixels leaves one number per channel of conv5; then the dense layers.
export const DEPTHWISE: i32 = Conv5.CHANNELS;
export const FC1: i32 = 256;
export const FC2: i32 = 64;
export const FC3: i32 = 10; // x and y of five points

// Convolutions take whole tiles, an even number in a block, at least a row of them, and make channels by the sixteen.
if (Input.SIZE % Conv1.TILE || Conv1.BLOCK % 2 || Conv1.BLOCK * Conv1.TILE < Input.SIZE)
  ERROR("conv1 can't be computed by these tiles.");
if (Conv1.SIZE % Conv2.TILE || Conv2.BLOCK % 2 || Conv2.BLOCK * Conv2.TILE < Conv1.SIZE)
  ERROR("conv2 can't be computed by these tiles.");
if (Conv2.SIZE % Conv3.TILE || Conv3.BLOCK % 2 || Conv3.BLOCK * Conv3.TILE < Conv2.SIZE)
  ERROR("conv3 can't be computed by these tiles.");
if (Conv3.SIZE % Conv4.TILE || Conv4.BLOCK % 2 || Conv4.BLOCK * Conv4.TILE < Conv3.SIZE)
  ERROR("conv4 can't be computed by these tiles.");
if (Conv4.SIZE % Conv5.TILE || Conv5.BLOCK % 2 || Conv5.BLOCK * Conv5.TILE < Conv4.SIZE)
  ERROR("conv5 can't be computed by these tiles.");
if (Input.SIZE % 4 || Conv1.I8_BLOCK % 2 || Conv1.I8_BLOCK * 4 < Input.SIZE)
  ERROR("conv1 can't be computed by these tiles in int8.");
if (Conv1.SIZE % 4 || Conv2.I8_BLOCK % 2 || Conv2.I8_BLOCK * 4 < Conv1.SIZE)
  ERROR("conv2 can't be computed by these tiles in int8.");
if (Conv2.SIZE % 4 || Conv3.I8_BLOCK % 2 || Conv3.I8_BLOCK * 4 < Conv2.SIZE)
  ERROR("conv3 can't be computed by these tiles in int8.");
if (Conv3.SIZE % 3 || Conv4.I8_BLOCK % 2 || Conv4.I8_BLOCK * 3 < Conv3.SIZE)
  ERROR("conv4 can't be computed by these tiles in int8.");
if (Conv4.SIZE % 3 || Conv5.I8_BLOCK % 2 || Conv5.I8_BLOCK * 3 < Conv4.SIZE)
  ERROR("conv5 can't be computed by these tiles in int8.");
if (
  Conv1.CHANNELS % 16 ||
  Conv2.CHANNELS % 16 ||
  Conv3.CHANNELS % 16 ||
  Conv4.CHANNELS % 16 ||
  DEPTHWISE % 16
)
  ERROR("A convolution's channels aren't a multiple of 16.");
