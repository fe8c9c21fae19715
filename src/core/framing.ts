import type { Box } from "./types.ts";

/** How a detector's boxes lie around faces: where the landmark network reads best, by such a box. */
export interface Framing {
  /** The side of the best square, as a part of √(width · height) of the box. */
  readonly side: number;
  /** How far its centre lies below the box's, as a part of the box's height. */
  readonly drop: number;
}

/**
 * The square in which the landmark network reads a face best, from a box that a detector gives.
 * @param least pixels of its side
 */
export function bestSquare({ x, y, width, height }: Box, framing: Framing, least = 1): Box {
  const side = Math.max(least, framing.side * Math.sqrt(width * height));
  return {
    x: x + width / 2 - side / 2,
    y: y + (0.5 + framing.drop) * height - side / 2,
    width: side,
    height: side,
  };
}
