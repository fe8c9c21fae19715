/**
 * The shape of landmarks-regression-retail-0009: the one table from which memory map, forward pass and packing follow.
 *
 * A stage is what it leaves, a map of SIZE×SIZE pixels of CHANNELS, and how Winograd computes it: TILE is m of F(m×m, 3×3),
 * BLOCK_ROWS the rows of tiles that go through the panels at once. Getters say the same to ../winograd.ts, where a stage is
 * a type.
 */

/** Faces that one call of `forward` takes; conv4 and conv5 take them together. */
export const BATCH: i32 = 16;

/** Bytes between the points of a panel: they keep the points from meeting in the same set of the cache. */
export const POINT_GAP: i32 = 64;

/** The crop after its affine: blue, green and red. */
@final
@unmanaged
export class Input {
  static readonly SIZE: i32 = 48;
  static readonly CHANNELS: i32 = 3;


  @inline get width(): i32 {
    return Input.SIZE;
  }


  @inline get height(): i32 {
    return Input.SIZE;
  }


  @inline get channels(): i32 {
    return Input.CHANNELS;
  }
}

/** As the int8 network has it, with a fourth channel (pack_int8.ts). */
@final
@unmanaged
export class InputInt8 {
  static readonly SIZE: i32 = Input.SIZE;
  static readonly CHANNELS: i32 = 4;


  @inline get width(): i32 {
    return InputInt8.SIZE;
  }


  @inline get height(): i32 {
    return InputInt8.SIZE;
  }


  @inline get channels(): i32 {
    return InputInt8.CHANNELS;
  }
}

/** Pooled, as are conv2 and conv3. */
@final
@unmanaged
export class Conv1 {
  static readonly SIZE: i32 = Input.SIZE / 2;
  static readonly CHANNELS: i32 = 16;
  static readonly TILE: i32 = 6;
  static readonly BLOCK_ROWS: i32 = 2;
  static readonly INT8_TILE: i32 = 4;
  static readonly INT8_BLOCK_ROWS: i32 = 1;


  @inline get width(): i32 {
    return Conv1.SIZE;
  }


  @inline get height(): i32 {
    return Conv1.SIZE;
  }


  @inline get channels(): i32 {
    return Conv1.CHANNELS;
  }
}

/** 12×12×32 */
@final
@unmanaged
export class Conv2 {
  static readonly SIZE: i32 = Conv1.SIZE / 2;
  static readonly CHANNELS: i32 = 32;
  static readonly TILE: i32 = 6;
  static readonly BLOCK_ROWS: i32 = 2;
  static readonly INT8_TILE: i32 = 4;
  static readonly INT8_BLOCK_ROWS: i32 = 2;


  @inline get width(): i32 {
    return Conv2.SIZE;
  }


  @inline get height(): i32 {
    return Conv2.SIZE;
  }


  @inline get channels(): i32 {
    return Conv2.CHANNELS;
  }
}

/** 6×6×64 */
@final
@unmanaged
export class Conv3 {
  static readonly SIZE: i32 = Conv2.SIZE / 2;
  static readonly CHANNELS: i32 = 64;
  static readonly TILE: i32 = 6;
  static readonly BLOCK_ROWS: i32 = 2;
  static readonly INT8_TILE: i32 = 4;
  static readonly INT8_BLOCK_ROWS: i32 = 3;


  @inline get width(): i32 {
    return Conv3.SIZE;
  }


  @inline get height(): i32 {
    return Conv3.SIZE;
  }


  @inline get channels(): i32 {
    return Conv3.CHANNELS;
  }
}

/** 6×6×64 */
@final
@unmanaged
export class Conv4 {
  static readonly SIZE: i32 = Conv3.SIZE;
  static readonly CHANNELS: i32 = 64;
  static readonly TILE: i32 = 3;
  static readonly BLOCK_ROWS: i32 = 8;
  static readonly INT8_TILE: i32 = 3;
  static readonly INT8_BLOCK_ROWS: i32 = 8;


  @inline get width(): i32 {
    return Conv4.SIZE;
  }


  @inline get height(): i32 {
    return Conv4.SIZE;
  }


  @inline get channels(): i32 {
    return Conv4.CHANNELS;
  }
}

/** 6×6×128 */
@final
@unmanaged
export class Conv5 {
  static readonly SIZE: i32 = Conv4.SIZE;
  static readonly CHANNELS: i32 = 128;
  static readonly TILE: i32 = 3;
  static readonly BLOCK_ROWS: i32 = 8;
  static readonly INT8_TILE: i32 = 3;
  static readonly INT8_BLOCK_ROWS: i32 = 8;


  @inline get width(): i32 {
    return Conv5.SIZE;
  }


  @inline get height(): i32 {
    return Conv5.SIZE;
  }


  @inline get channels(): i32 {
    return Conv5.CHANNELS;
  }
}
