/** Marks on an image, in the pixels of a canvas. */
import type { Box, Face } from "fivepoint";

/** Of the five points: Okabe and Ito's palette, told apart by colour-blind people too. The command line draws in it as well. */
export const COLOURS = ["#56b4e9", "#0072b2", "#f0e442", "#e69f00", "#d55e00"] as const;

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
  drawBox(context, face.box, unit);
  drawPoints(context, face, unit);
  if (number !== undefined) drawNumber(context, face.box, number, unit);
}

export function drawBox(context: CanvasRenderingContext2D, box: Box, unit: number, isDashed = false): void {
  context.save();
  for (const [colour, width, dashes] of [
    ["#0009", 3.5, []],
    ["#fff", 1.5, isDashed ? [6 * unit, 4 * unit] : []],
  ] as const) {
    context.setLineDash(dashes);
    context.strokeStyle = colour;
    context.lineWidth = width * unit;
    context.strokeRect(box.x, box.y, box.width, box.height);
  }
  context.restore();
}

export function drawPoints(context: CanvasRenderingContext2D, { box, points }: Face, unit: number): void {
  const radius = Math.min(Math.max(2 * unit, box.width / 30), 5 * unit);
  context.lineWidth = radius / 2.5;
  context.strokeStyle = "#000";
  points.forEach(({ x, y }, i) => {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = COLOURS[i]!;
    context.fill();
    context.stroke();
  });
}

/** White on black above the box's left corner, or in it where there is no room above. */
function drawNumber(context: CanvasRenderingContext2D, box: Box, number: number, unit: number): void {
  const text = String(number);
  context.font = `600 ${11 * unit}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const width = context.measureText(text).width + 8 * unit;
  const height = 16 * unit;
  const left = Math.min(Math.max(box.x, 0), context.canvas.width - width);
  const top = Math.max(0, box.y - height);
  context.fillStyle = "#000c";
  context.fillRect(left, top, width, height);
  context.fillStyle = "#fff";
  context.fillText(text, left + 4 * unit, top + height / 2 + unit / 2);
}
