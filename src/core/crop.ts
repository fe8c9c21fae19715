/** Crops of boxes, which the network reads. */
import { colourOffsets, FORMATS, type Pixels } from "./image.ts";
import type { ModelExports } from "./model.ts";
import type { Box } from "./types.ts";

/**
 * Resizes a box of an image to the crop `slot` of the model, 48×48 BGR, as OpenCV's INTER_LINEAR does. Only
 * the rows that this needs, at most 96, pass through the module's memory, two by two.
 * @param box whole pixels, inside the image
 */
export function cropInto(
  model: ModelExports,
  { data, format, stride }: Pixels,
  box: Box,
  slot: number,
): void {
  const [bytes] = FORMATS[format];
  const memory = new Uint8Array(model.memory.buffer);
  const start = box.y * stride + box.x * bytes;
  const wholeRows = model.box(box.width, box.height, bytes, colourOffsets(format));
  // Of each column, then of each row of the crop: the two of the box that it lies between, and two other numbers.
  const taps = new Int32Array(model.memory.buffer, model.taps(), 2 * 48 * 4);
  /** Copies a row of the box, or the two pixels per column of one that is longer than its room in memory. */
  const copyRow = (row: number) => {
    const from = start + row * stride;
    let to = model.pixels(row);
    if (wholeRows) {
      memory.set(data.subarray(from, from + box.width * bytes), to);
      return;
    }
    for (let x = 0; x < 48; x++) {
      for (const column of [taps[4 * x]!, taps[4 * x + 1]!]) {
        for (let i = 0; i < bytes; i++) memory[to++] = data[from + column * bytes + i]!;
      }
    }
  };
  const copied = [-1, -1]; // the last even row and the last odd one, which lie apart
  for (let y = 0; y < 48; y++) {
    for (const row of [taps[4 * (48 + y)]!, taps[4 * (48 + y) + 1]!]) {
      if (copied[row & 1] === row) continue;
      copyRow(row);
      copied[row & 1] = row;
    }
    model.cropRow(y, slot);
  }
}
