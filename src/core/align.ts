/**
 * Alignment: a similarity transform that brings five points on to a template, and the image warped by it, as face
 * recognition wants its input. This is plain TypeScript: a chip is small, and needs no landmarker.
 */
import { isFraction } from "./box.ts";
import { checkOptions, expected, quoted } from "./errors.ts";
import { checkImage, FORMATS, type Pixels } from "./image.ts";
import type { ImageLike, PixelFormat, Point } from "./types.ts";

/** A 2×3 matrix row by row: x′ = a·x + b·y + tx, y′ = c·x + d·y + ty. */
export type Matrix = readonly [a: number, b: number, tx: number, c: number, d: number, ty: number];

export interface Similarity {
  /** From the space of `from` to that of `to`. */
  readonly matrix: Matrix;
  /** From the space of `to` to that of `from`. */
  readonly inverse: Matrix;
  /** Length in `to` of a unit of `from`, above 0. */
  readonly scale: number;
  /** Angle from the x axis of `from` to that of `to` in radians, −π…π; clockwise on a screen, where y grows downwards. */
  readonly rotation: number;
}

/** Where the five points go, and the size of the image they lie in, in pixels. */
export interface AlignTemplate {
  readonly points: readonly Point[];
  readonly size: { readonly width: number; readonly height: number };
}

export interface AlignOptions {
  /**
   * `"arcface112"` (default): 112×112, what ArcFace and most recognition networks since are trained on.
   * `"omz96x112"`: 96×112, of SphereFace and the Open Model Zoo. Or any five points.
   */
  readonly template?: "arcface112" | "omz96x112" | AlignTemplate | undefined;
}

/** An image in the format of the one it was warped from, its rows without gaps. */
export interface AlignedFace extends ImageLike {
  readonly format: PixelFormat;
  /** From pixels of the image to pixels of this one. */
  readonly matrix: Matrix;
}

/** The points of the Open Model Zoo's demos (face_identifier.py), in an image of 96×112. */
const OMZ = [
  { x: 30.2946, y: 51.6963 },
  { x: 65.5318, y: 51.5014 },
  { x: 48.0252, y: 71.7366 },
  { x: 33.5493, y: 92.3655 },
  { x: 62.7299, y: 92.2041 },
];
const TEMPLATES: Record<string, AlignTemplate> = {
  omz96x112: { points: OMZ, size: { width: 96, height: 112 } },
  arcface112: { points: OMZ.map(({ x, y }) => ({ x: x + 8, y })), size: { width: 112, height: 112 } },
};

/**
 * The similarity (rotation, uniform scale, translation, never a reflection) that brings `from` nearest to `to`, by least
 * squares: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991. In the
 * plane its singular value decomposition comes down to one complex factor, Σ t·f̄ / Σ |f|² of the centred points.
 * @param from at least two points that aren't all the same
 * @param to as many points
 * @throws TypeError when these aren't points, RangeError when they don't determine a similarity
 */
export function similarityTransform(from: readonly Point[], to: readonly Point[]): Similarity {
  checkPoints("from", from);
  checkPoints("to", to);
  if (from.length < 2) throw expected(RangeError, "from", "at least two points", from);
  if (to.length !== from.length)
    throw expected(RangeError, "to", `${from.length} points, as many as from`, to);
  const f = centre(from);
  const t = centre(to);
  let re = 0;
  let im = 0;
  let power = 0;
  let bound = 0;
  f.offsets.forEach((p, i) => {
    const q = t.offsets[i]!;
    re += q.x * p.x + q.y * p.y;
    im += q.y * p.x - q.x * p.y;
    power += p.x ** 2 + p.y ** 2;
    bound += Math.hypot(q.x, q.y) * Math.hypot(p.x, p.y);
  });
  // Where nothing but rounding is left of the sum, no rotation is nearer than another, as from a shape to its mirror image.
  const determined = Math.hypot(re, im) > 1e-12 * bound;
  const a = re / power;
  const c = im / power;
  const tx = t.mean.x - (a * f.mean.x - c * f.mean.y);
  const ty = t.mean.y - (c * f.mean.x + a * f.mean.y);
  const matrix = [a, -c, tx, c, a, ty] as const;
  const inverse = invert(matrix);
  if (!determined || ![...matrix, ...inverse].every(Number.isFinite)) {
    const given = `${list(from)} and ${list(to)}`;
    throw new RangeError(
      `Expected points that determine a similarity for from and to, but received ${given}.`,
    );
  }
  return { matrix, inverse, scale: Math.hypot(a, c), rotation: Math.atan2(c, a) };
}

/**
 * Warps a face so that its points lie on those of a template. Pixels are interpolated as OpenCV's `warpAffine` does
 * (INTER_LINEAR, positions in 1/32 of a pixel), black and transparent outside the image.
 * @param points five, in the order of `LANDMARK_NAMES`, in image pixels: `face.points`
 * @returns pixels of its own in the format of `image`
 * @throws TypeError, RangeError for an image, points or a template that can't be used
 */
export function alignFace(image: ImageLike, points: readonly Point[], options?: AlignOptions): AlignedFace {
  const pixels = checkImage(image);
  checkFace("points", points, pixels);
  checkOptions(options, ["template"]);
  const { points: to, size } = resolveTemplate(options?.template);
  const { matrix, inverse } = similarityTransform(points, to);
  const length = size.width * size.height * FORMATS[pixels.format][0];
  const isClamped = image.data[Symbol.toStringTag] === "Uint8ClampedArray";
  const data = isClamped ? new Uint8ClampedArray(length) : new Uint8Array(length);
  warp(pixels, inverse, size, data);
  return { data, width: size.width, height: size.height, format: pixels.format, matrix };
}

function resolveTemplate(template: AlignOptions["template"] = "arcface112"): AlignTemplate {
  if (typeof template === "string" && Object.hasOwn(TEMPLATES, template)) return TEMPLATES[template]!;
  if (typeof template !== "object" || template === null) {
    const names = quoted(Object.keys(TEMPLATES));
    throw expected(TypeError, "options.template", `${names} or { points, size }`, template);
  }
  const { size } = template;
  if (typeof size !== "object" || size === null) {
    throw expected(TypeError, "options.template.size", "an object with width and height", size);
  }
  for (const side of ["width", "height"] as const) {
    if (!(Number.isInteger(size[side]) && size[side] >= 1 && size[side] <= 8192)) {
      throw expected(RangeError, `options.template.size.${side}`, "a whole number of 1 to 8192", size[side]);
    }
  }
  checkFace("options.template.points", template.points, size);
  return template;
}

/** Five points in pixels of something of that size. */
function checkFace(argument: string, points: readonly Point[], size: AlignTemplate["size"]): void {
  checkPoints(argument, points, 5);
  if (size.width * size.height > 1 && points.every(({ x, y }) => isFraction(x) && isFraction(y))) {
    throw new RangeError(
      `Expected pixels, not fractions of the sides (${size.width} × ${size.height}) for ${argument}, but received ${list(points)}.`,
    );
  }
}

function checkPoints(argument: string, points: readonly Point[], count?: number): void {
  if (!Array.isArray(points)) throw expected(TypeError, argument, "an array of points { x, y }", points);
  if (count !== undefined && points.length !== count) {
    throw expected(RangeError, argument, `${count} points`, points);
  }
  // By index, so that a hole is seen too.
  for (let i = 0; i < points.length; i++) {
    const point = points[i];
    if (typeof point !== "object" || point === null) {
      throw expected(TypeError, `${argument}[${i}]`, "a point { x, y }", point);
    }
    for (const axis of ["x", "y"] as const) {
      if (!Number.isFinite(point[axis])) {
        throw expected(RangeError, `${argument}[${i}].${axis}`, "a finite number", point[axis]);
      }
    }
  }
}

/** The mean of points, and their offsets from it, which are exactly 0 when all points are the same. */
function centre(points: readonly Point[]): { mean: Point; offsets: Point[] } {
  const [first] = points as [Point];
  const fromFirst = points.map(({ x, y }) => ({ x: x - first.x, y: y - first.y }));
  const shift = { x: 0, y: 0 };
  for (const { x, y } of fromFirst) {
    shift.x += x / points.length;
    shift.y += y / points.length;
  }
  return {
    mean: { x: first.x + shift.x, y: first.y + shift.y },
    offsets: fromFirst.map(({ x, y }) => ({ x: x - shift.x, y: y - shift.y })),
  };
}

const list = (points: readonly Point[]) => `[${points.map(({ x, y }) => `(${x}, ${y})`).join(" ")}]`;

function invert([a, b, tx, c, d, ty]: Matrix): Matrix {
  const factor = 1 / (a * d - b * c);
  const [p, q, r, s] = [d * factor, -b * factor, -c * factor, a * factor];
  return [p, q, -p * tx - q * ty, r, s, -r * tx - s * ty];
}

/** Rounds to the nearest whole number, halves to the even one: so far from 0, a double has no bits below 1. */
const round = (value: number) => value + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;

/**
 * `warpAffine` of OpenCV 4 on bytes: the terms of column and row are each rounded to 1/1024, their sum to 1/32; the four
 * pixels around a position are weighted in 32 × 32 steps.
 * @param inverse from pixels of the result to pixels of the image
 * @param output zeros, which stay where the image doesn't reach
 */
function warp(
  { data: source, width, height, format, stride }: Pixels,
  inverse: Matrix,
  size: AlignTemplate["size"],
  output: Uint8Array | Uint8ClampedArray,
): void {
  const [bytes] = FORMATS[format];
  const [a, b, tx, c, d, ty] = inverse;
  let to = 0;
  for (let y = 0; y < size.height; y++) {
    const rowX = round((b * y + tx) * 1024) + 16;
    const rowY = round((d * y + ty) * 1024) + 16;
    for (let x = 0; x < size.width; x++, to += bytes) {
      const atX = Math.floor((rowX + round(a * x * 1024)) / 32);
      const atY = Math.floor((rowY + round(c * x * 1024)) / 32);
      const left = Math.floor(atX / 32);
      const top = Math.floor(atY / 32);
      if (!(left >= -1 && left < width && top >= -1 && top < height)) continue;
      // A pixel outside counts as 0: it has no weight, and the nearest one inside is read instead.
      const rightWeight = left + 1 < width ? atX - 32 * left : 0;
      const leftWeight = left >= 0 ? 32 - (atX - 32 * left) : 0;
      const lowerWeight = top + 1 < height ? atY - 32 * top : 0;
      const upperWeight = top >= 0 ? 32 - (atY - 32 * top) : 0;
      const upper = Math.max(top, 0) * stride;
      const lower = Math.min(top + 1, height - 1) * stride;
      const leftByte = Math.max(left, 0) * bytes;
      const rightByte = Math.min(left + 1, width - 1) * bytes;
      for (let i = 0; i < bytes; i++) {
        const above =
          leftWeight * source[upper + leftByte + i]! + rightWeight * source[upper + rightByte + i]!;
        const below =
          leftWeight * source[lower + leftByte + i]! + rightWeight * source[lower + rightByte + i]!;
        output[to + i] = (upperWeight * above + lowerWeight * below + 512) >> 10;
      }
    }
  }
}
