/** What a labelled face is put through before the network sees it: other boxes, rotation. */
import type { Box, ImageLike, Point } from "fivepoint";

/** One condition of a robustness sweep. */
export interface Condition {
  /** The box: that of the list, or a square of so many times the points' extent. */
  readonly boxFrom: "given" | number;
  /** Multiplies the box about its centre. */
  readonly boxScale: number;
  /** How far the box is moved, in its sides; each face's in a direction of its own. */
  readonly shift: number;
  /** Degrees by which the image is rotated, positive counter-clockwise. */
  readonly rotate: number;
  /** How often the face is read again, at most. */
  readonly refine: number;
}

/** An image with a face to find. */
export interface Trial {
  readonly image: ImageLike;
  /** Not scaled yet: `boxScale` is the landmarker's `expand`. */
  readonly box: Box;
  readonly points: readonly Point[];
}

export function describe({ boxFrom, boxScale, shift, rotate, refine }: Condition): string {
  const parts = [boxFrom === "given" ? "boxes as given" : `boxes of ${boxFrom}× the points' extent`];
  if (boxScale !== 1) parts.push(`scaled by ${boxScale}`);
  if (shift !== 0) parts.push(`moved by ${shift} of their side`);
  if (rotate !== 0) parts.push(`rotated by ${rotate}°`);
  if (refine > 0) parts.push(`refined ${refine > 1 ? `up to ${refine} times` : "once"}`);
  return parts.join(", ");
}

/** @throws Error when the condition wants a box that the list doesn't give */
export function applyCondition(
  image: ImageLike,
  { box, points }: { readonly box: Box | undefined; readonly points: readonly Point[] },
  { boxFrom, shift, rotate }: Condition,
): Trial {
  const rotated = rotate === 0 ? { image, points } : rotateAbout(image, points, rotate);
  const around = boxFrom === "given" ? box : boxAround(rotated.points, boxFrom);
  if (!around) throw new Error("no box is given for this face");
  return { ...rotated, box: moved(around, shift, points[0]!) };
}

/** The box moved by a share of its sides, in a direction that differs from face to face: by where the first point lies. */
function moved(box: Box, shift: number, { x, y }: Point): Box {
  const direction = 2.4 * Math.round(x + 7 * y);
  return {
    ...box,
    x: box.x + shift * box.width * Math.cos(direction),
    y: box.y + shift * box.height * Math.sin(direction),
  };
}

/**
 * The square whose side is `scale` times the larger extent (width or height) of the points, centred on the middle of
 * that extent and moved up by 0.05 sides: a face reaches higher above its eyes than below its mouth.
 */
export function boxAround(points: readonly Point[], scale: number): Box {
  const { left, right, top, bottom } = extent(points);
  const side = scale * Math.max(right - left, bottom - top);
  const x = (left + right) / 2 - side / 2;
  const y = (top + bottom) / 2 - 0.05 * side - side / 2;
  return { x, y, width: side, height: side };
}

/** Of points, in pixels. */
export function extent(points: readonly Point[]) {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

/**
 * Rotates an image (three bytes per pixel) by an angle about the middle of the points' extent, on to a canvas of its own
 * size: bilinear, the border replicated, as OpenCV's getRotationMatrix2D and warpAffine do.
 */
function rotateAbout({ data, width, height, format }: ImageLike, points: readonly Point[], degrees: number) {
  const { left, right, top, bottom } = extent(points);
  const cx = (left + right) / 2;
  const cy = (top + bottom) / 2;
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = Math.sin((degrees * Math.PI) / 180);
  const to = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // The centre of pixel x is at x + 0.5. Where the rotated pixel comes from, by the inverse rotation:
      const dx = x + 0.5 - cx;
      const dy = y + 0.5 - cy;
      const fromX = clamp(cos * dx - sin * dy + cx - 0.5, width - 1);
      const fromY = clamp(sin * dx + cos * dy + cy - 0.5, height - 1);
      const x0 = Math.floor(fromX);
      const y0 = Math.floor(fromY);
      const x1 = Math.min(x0 + 1, width - 1);
      const y1 = Math.min(y0 + 1, height - 1);
      for (let c = 0; c < 3; c++) {
        const at = (px: number, py: number) => data[(py * width + px) * 3 + c]!;
        const upper = at(x0, y0) + (fromX - x0) * (at(x1, y0) - at(x0, y0));
        const lower = at(x0, y1) + (fromX - x0) * (at(x1, y1) - at(x0, y1));
        to[(y * width + x) * 3 + c] = Math.round(upper + (fromY - y0) * (lower - upper));
      }
    }
  }
  const rotated = points.map(({ x, y }) => ({
    x: cos * (x - cx) + sin * (y - cy) + cx,
    y: -sin * (x - cx) + cos * (y - cy) + cy,
  }));
  return { image: { data: to, width, height, format }, points: rotated };
}

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);
