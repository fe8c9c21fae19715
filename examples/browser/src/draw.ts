/** Marks on an image, in the pixels of a canvas. */
import type { Box, Face } from "fivepoint";
import { type DrawnFace, type DrawOptions, drawFace } from "fivepoint/draw";

export { POINT_COLOURS as COLOURS } from "fivepoint/draw";

export const timesBox = ({ x, y, width, height }: Box, factor: number): Box => ({
  x: x * factor,
  y: y * factor,
  width: width * factor,
  height: height * factor,
});

/** A face in pixels that are `factor` times as many. */
export const times = (face: Face, factor: number): Face => ({
  ...face,
  box: timesBox(face.box, factor),
  points: face.points.map(({ x, y }) => ({ x: x * factor, y: y * factor })),
});

/**
 * Draws what is given of a face, in pixels of the canvas. `fivepoint/draw` measures lines and digits in pixels of the screen.
 * @param unit canvas pixels for each pixel of the screen: lines and digits are as wide and high on it whatever the canvas
 */
export function draw(
  context: CanvasRenderingContext2D,
  face: DrawnFace,
  unit: number,
  options?: DrawOptions,
): void {
  const size = { width: context.canvas.width / unit, height: context.canvas.height / unit };
  context.save();
  context.scale(unit, unit);
  drawFace(context, face, { ...options, scale: 1 / unit, size });
  context.restore();
}
