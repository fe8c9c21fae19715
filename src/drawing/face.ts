/** What is drawn of a face: its box, its points with their numbers, and a label. */
import { checkOptions, expected } from "../core/errors.ts";
import { checkPoints } from "../core/similarity.ts";
import type { Box, Face, Point } from "../core/types.ts";
import { textWidth } from "./glyphs.ts";
import { boxMark, dotMark, dotReach, type Mark, PALETTE, RIM, textMark } from "./marks.ts";

/** What there is of a face: all that it has is drawn. */
export type DrawnFace = Partial<Pick<Face, "box" | "points" | "score">>;

export interface DrawOptions {
  /** The number of the face among several, as in a list of them: it is written at the box. */
  readonly number?: number | undefined;
  /** Whether the face's score is written at the box; default false. */
  readonly score?: boolean | undefined;
  /** Pixels of the drawing for each pixel of the image; default 1. */
  readonly scale?: number | undefined;
  /**
   * The drawing's size in its pixels: nothing is written beyond it. Default that of the canvas, or of the `viewBox` of the SVG;
   * for `faceSvg` there is no limit.
   */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  /** Whether the box is a dashed line, as one in which no face has been read yet; default false. */
  readonly dashed?: boolean | undefined;
}

/** On smaller faces numbers would hide the points, whose colours tell them apart too; in pixels of the drawing. */
const LEAST_NUMBERED = 64;

/** The marks of a face, the lowest first, in pixels of the drawing. */
export function faceMarks(face: DrawnFace, options: DrawOptions = {}): Mark[] {
  check(face, options);
  const { number, scale = 1, size, dashed } = options;
  const box = face.box && scaledBox(face.box, scale);
  const points = (face.points ?? []).map(({ x, y }) => ({ x: x * scale, y: y * scale }));
  const frame = box ?? around(points);
  const side = Math.sqrt(frame.width * frame.height);
  const line = Math.max(2, side / 150);
  // Dots that can be seen, but don't hide a small face.
  const radius = Math.max(side / 70, Math.min(2.5, Math.max(1.5, side / 16)));
  const digit = Math.max(9, side / 18);

  const placement = new Placement(size);
  const marks: Mark[] = [];
  if (box) {
    marks.push(boxMark(box, line, dashed));
    placement.takeEdges(box, 1.5 * line);
  }
  for (const [i, point] of points.entries()) {
    const reach = dotReach(radius);
    marks.push(dotMark(point, radius, PALETTE.points[i]!));
    placement.take({ x: point.x - reach, y: point.y - reach, width: 2 * reach, height: 2 * reach });
  }
  const write = (text: string, height: number, colour: string, places: (width: number) => Point[]) => {
    const width = textWidth(text, height);
    marks.push(textMark(text, placement.place(places(width), width, height), height, colour));
  };
  if (side >= LEAST_NUMBERED) {
    for (const [i, point] of points.entries()) {
      write(String(i + 1), digit, PALETTE.points[i]!, (width) => besideDot(point, radius, width, digit));
    }
  }
  const label: string[] = [];
  if (number !== undefined) label.push(String(number));
  if (options.score) label.push(face.score!.toFixed(2));
  if (label.length > 0) {
    const height = 1.4 * digit;
    write(label.join(" "), height, PALETTE.line, (width) => besideBox(frame, 1.5 * line + 1, width, height));
  }
  return marks;
}

function check(face: DrawnFace, options: DrawOptions): void {
  if (typeof face !== "object" || face === null || !(face.box || face.points)) {
    throw expected(TypeError, "face", "a face with a box or points, as detect gives it", face);
  }
  for (const key of ["x", "y", "width", "height"] as const) {
    if (face.box && !Number.isFinite(face.box[key])) {
      throw expected(RangeError, `face.box.${key}`, "a finite number", face.box[key]);
    }
  }
  if (face.points) checkPoints("face.points", face.points, PALETTE.points.length);
  checkOptions(options, ["number", "score", "scale", "size", "dashed"]);
  const { number, score, scale = 1 } = options;
  if (number !== undefined && !(Number.isSafeInteger(number) && number >= 0)) {
    throw expected(RangeError, "options.number", "a whole number of at least 0", number);
  }
  if (score && !(face.score! >= 0 && face.score! <= 1)) {
    throw expected(RangeError, "face.score", "a number of 0 to 1, since options.score is true,", face.score);
  }
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw expected(RangeError, "options.scale", "a finite number above 0", scale);
  }
}

const scaledBox = ({ x, y, width, height }: Box, scale: number): Box => ({
  x: x * scale,
  y: y * scale,
  width: width * scale,
  height: height * scale,
});

/** The square that a detector would have drawn around points: 2.1 times as wide. */
function around(points: readonly Point[]): Box {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const side = 2.1 * Math.max(width, height);
  return { x: left + (width - side) / 2, y: top + (height - side) / 2, width: side, height: side };
}

/** Where the top left corner of a dot's number may be, the best first: above the dot, below it, beside it. */
function besideDot({ x, y }: Point, radius: number, width: number, height: number): Point[] {
  const room = dotReach(radius) + RIM * height + 0.5;
  const [left, right] = [x - radius - width, x + radius];
  const [above, below] = [y - room - height, y + room];
  return [
    { x: right, y: above },
    { x: left, y: above },
    { x: right, y: below },
    { x: left, y: below },
    { x: x + room, y: y - height / 2 },
    { x: x - room - width, y: y - height / 2 },
  ];
}

/** Where the top left corner of a box's label may be, the best first: outside, then inside. */
function besideBox(box: Box, gap: number, width: number, height: number): Point[] {
  const room = gap + RIM * height;
  const [left, right] = [box.x, box.x + box.width - width];
  const [top, bottom] = [box.y, box.y + box.height];
  return [
    { x: left, y: top - room - height },
    { x: left, y: bottom + room },
    { x: left - room - width, y: top },
    { x: right + width + room, y: top },
    { x: left + room, y: top + room },
    { x: right - room, y: top + room },
    { x: left + room, y: bottom - room - height },
    { x: right - room, y: bottom - room - height },
  ];
}

/** Finds places for texts in a drawing, away from what has been drawn and from each other. */
class Placement {
  readonly #taken: Box[] = [];
  readonly #size: { readonly width: number; readonly height: number };

  constructor(size = { width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY }) {
    this.#size = size;
  }

  take(box: Box): void {
    this.#taken.push(box);
  }

  /** Takes a box's line, which reaches `line` to each side, but not what is inside the box. */
  takeEdges({ x, y, width, height }: Box, line: number): void {
    const [across, down] = [width + 2 * line, height + 2 * line];
    this.take({ x: x - line, y: y - line, width: across, height: 2 * line });
    this.take({ x: x - line, y: y + height - line, width: across, height: 2 * line });
    this.take({ x: x - line, y: y - line, width: 2 * line, height: down });
    this.take({ x: x + width - line, y: y - line, width: 2 * line, height: down });
  }

  /** Takes the first of these places that is free, each moved into the drawing; if none is, the first. */
  place(places: readonly Point[], width: number, height: number): Point {
    const rim = RIM * height;
    const moved = places.map(({ x, y }) => ({
      x: Math.max(rim, Math.min(x, this.#size.width - width - rim)),
      y: Math.max(rim, Math.min(y, this.#size.height - height - rim)),
    }));
    const reach = ({ x, y }: Point) => ({
      x: x - rim,
      y: y - rim,
      width: width + 2 * rim,
      height: height + 2 * rim,
    });
    const found = moved.find((at) => this.#taken.every((box) => !overlaps(box, reach(at)))) ?? moved[0]!;
    this.take(reach(found));
    return found;
  }
}

const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
