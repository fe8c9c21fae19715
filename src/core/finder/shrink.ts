import { colourOffsets, FORMATS, type Pixels } from "../image.ts";
import type { FinderExports } from "./model.ts";

/**
 * Where the image is shrunk by more, every second, third … row is read, at least three for each row of the result: a face is
 * found as well, and of a photo of 12 megapixels a quarter needs to be copied.
 */
const ROWS_READ = 3;

/**
 * Shrinks an image by area (assembly/image/u8_shrink_area.ts) to the top left of the module's canvas, which is RGB and black
 * elsewhere. Only the rows that this needs pass through the module's memory, one at a time.
 * @param to the size to shrink to, at most the image's
 */
export function shrinkInto(
  model: FinderExports,
  { data, width, height, format, stride }: Pixels,
  to: { readonly width: number; readonly height: number },
): void {
  const [bytes] = FORMATS[format];
  const memory = new Uint8Array(model.memory.buffer);
  const rowStep = Math.max(1, Math.floor(height / to.height / ROWS_READ));
  // Of a row that is longer than its place in memory, every second, third … pixel.
  const columnStep = Math.ceil((width * bytes) / model.rowBytes());
  const copyRow = (row: number, target: number) => {
    const from = row * stride;
    if (columnStep === 1) {
      memory.set(data.subarray(from, from + width * bytes), target);
      return;
    }
    for (let x = 0, at = target; x < width; x += columnStep) {
      const pixel = from + middle(x, columnStep, width) * bytes;
      for (let i = 0; i < bytes; i++) memory[at++] = data[pixel + i]!;
    }
  };
  model.beginCanvas(to.width, to.height, width, columnStep, bytes, colourOffsets(format));
  // Row j lies in slot j mod 8; two rows of the result share at most one.
  const held = new Array<number>(8).fill(-1);
  for (let y = 0; y < to.height; y++) {
    const end = Math.ceil(((y + 1) * height) / (to.height * rowStep));
    for (let j = Math.floor((y * height) / (to.height * rowStep)); j < end; j++) {
      if (held[j & 7] === j) continue;
      copyRow(middle(j * rowStep, rowStep, height), model.row(j & 7));
      held[j & 7] = j;
    }
    model.canvasRow(y, height, rowStep);
  }
}

/** What `shrinkInto` has made, as an image of its own: a copy of the canvas, whose rows are black up to a multiple of 32 pixels. */
export function shrunkImage(
  model: FinderExports,
  { width, height }: { readonly width: number; readonly height: number },
): Pixels {
  const stride = 3 * ((width + 31) & ~31);
  const data = new Uint8Array(model.memory.buffer, model.canvas(), stride * height).slice();
  return { data, width, height, format: "rgb", stride };
}

/** The pixel that stands for `step` of them from `first` on. */
const middle = (first: number, step: number, size: number): number =>
  Math.min(first + Math.floor(step / 2), size - 1);
