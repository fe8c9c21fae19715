/**
 * Marks on an image: boxes, dots, numbers, as a list that becomes SVG or is drawn on a canvas. Each is a line on a wider dark one, so that it
 * stands out from light and from dark.
 */

import type { Box, Instance, Point } from "../core/types.ts";
import { GLYPH_HEIGHT, textPath } from "./glyphs.ts";

/** The colours of all drawings: Okabe and Ito's, which people with any colour vision tell apart. */
export const PALETTE = {
  /** In the order of `LANDMARK_NAMES`. */
  points: ["#56b4e9", "#0072b2", "#f0e442", "#e69f00", "#d55e00"],
  truth: "#009e73",
  prediction: "#d55e00",
  line: "#fff",
  under: "#000",
} as const;

interface Line {
  readonly colour: string;
  /** In pixels of the drawing, as dashes are. */
  readonly width: number;
  readonly dashes?: readonly number[];
}

/** A path with lines along it, the lowest first, and what fills it on top of them. */
export interface Mark {
  /** SVG path data. */
  readonly path: string;
  /** Where the path's origin lies in the drawing, and how many pixels one of its units is. */
  readonly at: Point;
  readonly unit: number;
  readonly lines: readonly Line[];
  readonly fill?: string;
}

const CIRCLE = "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z";

/** A line on a dark one, which reaches half its width beyond it, and at least a pixel. */
const outlined = (colour: string, width: number): Line[] => [
  { colour: PALETTE.under, width: width + Math.max(2, width) },
  { colour, width },
];

export function boxMark({ x, y, width, height }: Box, line: number, dashed = false): Mark {
  const [under, over] = outlined(PALETTE.line, line) as [Line, Line];
  const lines = dashed ? [under, { ...over, dashes: [4 * line, 4 * line] }] : [under, over];
  return { path: `M0 0H${width}V${height}H0Z`, at: { x, y }, unit: 1, lines };
}

/** How far a dot of some radius reaches from its centre. */
export const dotReach = (radius: number): number => radius * 1.3 + Math.max(1, radius * 0.3);

/** A dot in a light ring in a dark ring. */
export function dotMark(at: Point, radius: number, colour: string): Mark {
  return { path: CIRCLE, at, unit: radius, lines: outlined(PALETTE.line, 0.6 * radius), fill: colour };
}

export function ringMark(at: Point, radius: number, line: number, colour: string): Mark {
  return { path: CIRCLE, at, unit: radius, lines: outlined(colour, line) };
}

export function lineMark(from: Point, to: Point, line: number, colour: string): Mark {
  const path = `M0 0L${to.x - from.x} ${to.y - from.y}`;
  return { path, at: from, unit: 1, lines: outlined(colour, line) };
}

/** How far a text's dark rim reaches beyond it, in its heights. */
export const RIM = 0.19;

/** A text of what glyphs.ts has, `height` tall, their top left corner at `at`. */
export function textMark(text: string, at: Point, height: number, colour: string): Mark {
  const unit = height / GLYPH_HEIGHT;
  const lines = [
    { colour: PALETTE.under, width: 2.2 * unit },
    { colour, width: unit },
  ];
  return { path: textPath(text), at, unit, lines };
}

/** Lengths with three decimals, which no eye tells from more. */
const short = (length: number) => String(Math.round(1000 * length) / 1000);

/** An SVG group. */
export function markSvg({ path, at, unit, lines, fill }: Mark): string {
  const strokes = lines.map(({ colour, width, dashes }) => {
    const dash = dashes ? ` stroke-dasharray="${dashes.map((v) => short(v / unit)).join(" ")}"` : "";
    return `<path d="${path}" stroke="${colour}" stroke-width="${short(width / unit)}"${dash}/>`;
  });
  const filled = fill ? `<path d="${path}" fill="${fill}"/>` : "";
  const transform = `translate(${short(at.x)} ${short(at.y)}) scale(${short(unit)})`;
  return (
    `<g transform="${transform}" fill="none" stroke-linecap="round" stroke-linejoin="round">` +
    `${strokes.join("")}${filled}</g>`
  );
}

/** The 2D context of a canvas. */
export type Context = Instance<"CanvasRenderingContext2D"> | Instance<"OffscreenCanvasRenderingContext2D">;

export function drawMark(context: Context, { path, at, unit, lines, fill }: Mark): void {
  const shape = new Path2D(path);
  context.save();
  context.translate(at.x, at.y);
  context.scale(unit, unit);
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const { colour, width, dashes = [] } of lines) {
    context.strokeStyle = colour;
    context.lineWidth = width / unit;
    context.setLineDash(dashes.map((v) => v / unit));
    context.stroke(shape);
  }
  if (fill) {
    context.fillStyle = fill;
    context.fill(shape);
  }
  context.restore();
}
