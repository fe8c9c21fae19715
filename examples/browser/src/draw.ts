/** Marks on an image, in the pixels of a canvas. */
import type { Box, Face } from "fivepoint";
import { type DrawnFace, type DrawOptions, drawFace as draw } from "fivepoint/draw";

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

export interface Marks {
  /** Canvas pixels for each pixel of the screen: lines and digits are as wide and high on it whatever the canvas. */
  readonly unit: number;
  /** Stands at the box. */
  readonly number?: number | undefined;
}

export function drawFace(context: CanvasRenderingContext2D, face: Face, { unit, number }: Marks): void {
  drawMarks(context, face, unit, { number });
}

export function drawBox(context: CanvasRenderingContext2D, box: Box, unit: number, isDashed = false): void {
  drawMarks(context, { box }, unit, { dashed: isDashed });
}

export function drawPoints(context: CanvasRenderingContext2D, { points }: Face, unit: number): void {
  drawMarks(context, { points }, unit, {});
}

/** Draws in pixels of the screen, in which `fivepoint/draw` measures lines and digits. */
function drawMarks(
  context: CanvasRenderingContext2D,
  face: DrawnFace,
  unit: number,
  options: DrawOptions,
): void {
  const size = { width: context.canvas.width / unit, height: context.canvas.height / unit };
  context.save();
  context.scale(unit, unit);
  draw(context, face, { ...options, scale: 1 / unit, size });
  context.restore();
}
