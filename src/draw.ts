/**
 * Faces drawn on a canvas or as SVG. An entry of its own: a program that reads faces on a server, or hands them on, draws
 * nothing, and should carry nothing of this.
 * @module fivepoint/draw
 */
import { expected } from "./core/errors.ts";
import type { Instance } from "./core/types.ts";
import { type DrawnFace, type DrawOptions, faceMarks } from "./drawing/face.ts";
import { type Context, drawMark, markSvg, PALETTE } from "./drawing/marks.ts";

export type { Box, Face, Point } from "./core/types.ts";
export type { DrawnFace, DrawOptions } from "./drawing/face.ts";

/** Colours of the five points, in the order of `LANDMARK_NAMES`. */
export const POINT_COLOURS: readonly string[] = PALETTE.points;

/** What can be drawn on: the 2D context of a canvas, or an `<svg>` or a group in one. */
export type DrawingTarget = Context | Instance<"SVGElement">;

/**
 * Draws a face: its box, its points, each in its colour with its number from 1 (where the face is large enough for that), and
 * perhaps a number and a score at the box. What the face lacks, such as points, is left out. Lines and digits are as large as suits the face,
 * and at least so many pixels of the drawing; they have dark rims, so that they can be told from any image.
 * @param target in its own coordinates: of a context the current ones. An SVG element gets a `<g>` more
 * @throws TypeError, RangeError for a target, a face or options that can't be used
 */
export function drawFace(target: DrawingTarget, face: DrawnFace, options: DrawOptions = {}): void {
  if (isContext(target)) {
    for (const mark of faceMarks(face, { ...options, size: options.size ?? target.canvas }))
      drawMark(target, mark);
  } else if (isSvg(target)) {
    target.insertAdjacentHTML(
      "beforeend",
      faceSvg(face, { ...options, size: options.size ?? viewSize(target) }),
    );
  } else {
    throw expected(TypeError, "target", "the 2D context of a canvas, or an SVG element", target);
  }
}

/**
 * What `drawFace` adds to an SVG element, as text: for SVG that is put together without a document, as on a server.
 * @returns a `<g>` element, in pixels of the image times `options.scale`
 * @throws TypeError, RangeError for a face or options that can't be used
 */
export function faceSvg(face: DrawnFace, options?: DrawOptions): string {
  return `<g>${faceMarks(face, options).map(markSvg).join("")}</g>`;
}

const isContext = (target: unknown): target is Context =>
  typeof (target as Context | undefined)?.setLineDash === "function";

const isSvg = (target: unknown): target is SVGElement =>
  (target as SVGElement | undefined)?.namespaceURI === "http://www.w3.org/2000/svg";

/** The size of the drawing that an element belongs to, where its `viewBox` says one that begins at 0, 0. */
function viewSize(element: SVGElement): DrawOptions["size"] {
  const root = element.ownerSVGElement ?? (element as SVGSVGElement);
  const view = root.viewBox?.baseVal as DOMRect | null | undefined; // Firefox has none where there is no attribute
  return view && view.width > 0 && view.x === 0 && view.y === 0 ? view : undefined;
}
