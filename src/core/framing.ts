import type { Box } from "./types.ts";

/** How a detector's boxes lie around faces: where the landmark network reads best, by such a box. */
export interface Framing {
  /** The side of the best square, as a part of √(width · height) of the box. */
  readonly side: number;
  /** How far its centre lies below the box's, as a part of the box's height. */
  readonly drop: number;
}

/**
 * Of detectors that learnt WIDER FACE's boxes, as the finder did: by the error of the points on faces that it was not trained on
 * (weights/train/finder/RUNS.md).
 */
export const WIDER_FACE: Framing = { side: 1.08, drop: 0.045 };

/**
 * The square in which the landmark network reads a face best, from a box that a detector gives. At least two pixels: one of a single
 * pixel at the image's corner would be taken for fractions of the image.
 */
export function bestSquare({ x, y, width, height }: Box, framing: Framing): Box {
  const side = Math.max(2, framing.side * Math.sqrt(width * height));
  return {
    x: x + width / 2 - side / 2,
    y: y + (0.5 + framing.drop) * height - side / 2,
    width: side,
    height: side,
  };
}
