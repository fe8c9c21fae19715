/** Alignment: an image warped so that a face's points lie where a template has them, as face recognition wants its input. */
import { checkOptions, expected } from "./errors.ts";
import { checkImage, FORMATS, type Pixels } from "./image.ts";
import { checkFace, type Matrix, type Similarity, similarityTransform } from "./similarity.ts";
import { type AlignTemplate, resolveTemplate } from "./templates.ts";
import type { Face, ImageLike, PixelFormat, Point } from "./types.ts";
import { MOST_SHRUNK, type Part, partAround, shrink, shrunkSize, type Warp, warp } from "./warp.ts";

export interface AlignOptions {
  /**
   * `"arcface112"` (default): 112×112, what ArcFace, InsightFace's `norm_crop` and most recognition networks since are
   * trained on. `"omz96x112"`: 96×112, of SphereFace and the Open Model Zoo. `ffhqTemplate()`, or any five points.
   */
  readonly template?: "arcface112" | "omz96x112" | AlignTemplate | undefined;
  /**
   * What lies beyond the image: `"constant"` (default), black and transparent; a colour, as the bytes of a pixel in the
   * image's format, each 0 to 255; or `"replicate"`, the image's edge repeated. OpenCV's BORDER_CONSTANT and BORDER_REPLICATE.
   */
  readonly border?: "constant" | "replicate" | readonly number[] | undefined;
  /**
   * Default true: where a face is shrunk by 2 or more, the part of the image around it is first shrunk by that factor without its
   * fraction, to means of whole pixels (OpenCV's INTER_AREA), so that its fine lines don't turn into patterns. Less than that
   * is left to the warp, whose four pixels come nearer to an area's mean there. `false`: the warp alone, whatever the size, as
   * InsightFace and others that call `warpAffine` have it.
   */
  readonly antialias?: boolean | undefined;
}

/** An image in the format of the one it was warped from, its rows without gaps. */
export interface AlignedFace extends ImageLike {
  readonly format: PixelFormat;
  /** From pixels of the image to pixels of this one. */
  readonly matrix: Matrix;
  /** From pixels of this one to pixels of the image. */
  readonly inverse: Matrix;
}

/** What shrinks and warps: the functions of warp.ts, or a module that gives the same bytes. */
export interface Engine {
  shrink(pixels: Pixels, part: Part, factor: number): Pixels;
  warp(pixels: Pixels, options: Omit<Warp, "order">, output: Uint8Array | Uint8ClampedArray): void;
}

/** An image and what to make of it. */
interface Request {
  readonly pixels: Pixels;
  readonly template: AlignTemplate;
  readonly border: Warp["border"];
  readonly antialias: boolean;
  /** Whether the image's data, and so the result's, are a Uint8ClampedArray. */
  readonly isClamped: boolean;
}

/**
 * Warps a face so that its points lie on those of a template, by the similarity that brings them nearest. Pixels are interpolated as
 * OpenCV's `warpAffine` does (INTER_LINEAR, positions in 1/32 of a pixel). It is plain TypeScript and needs no landmarker;
 * `landmarker.align` gives the same bytes sooner.
 * @param points five, in the order of `LANDMARK_NAMES`, in image pixels: `face.points`
 * @returns pixels of its own in the format of `image`
 * @throws TypeError, RangeError for an image, points or options that can't be used
 */
export function alignFace(image: ImageLike, points: readonly Point[], options?: AlignOptions): AlignedFace {
  const request = resolve(image, () => checkFace("points", points, image), options);
  return align(request, similarityTransform(points, request.template.points), { shrink, warp });
}

/** Aligns a face of an image, or several: one result for each. The first bad one throws before any is warped. */
export function alignEach(
  image: ImageLike,
  faces: Pick<Face, "points"> | readonly Pick<Face, "points">[],
  options: AlignOptions | undefined,
  engine: Engine,
): AlignedFace | AlignedFace[] {
  if (Array.isArray(faces)) return alignFaces(image, faces, (i) => `faces[${i}]`, options, engine);
  const face = faces as Pick<Face, "points">;
  return alignFaces(image, [face], () => "face", options, engine)[0]!;
}

/** @param name what errors call a face */
export function alignFaces(
  image: ImageLike,
  faces: readonly Pick<Face, "points">[],
  name: (index: number) => string,
  options: AlignOptions | undefined,
  engine: Engine,
): AlignedFace[] {
  const request = resolve(image, () => checkFaces(image, faces, name), options);
  const similarities = faces.map(({ points }) => similarityTransform(points, request.template.points));
  return similarities.map((similarity) => align(request, similarity, engine));
}

/**
 * @param name what errors call a face
 * @throws TypeError, RangeError unless each has five points in pixels
 */
export function checkFaces(
  image: ImageLike,
  faces: readonly { readonly points: readonly Point[] }[],
  name: (index: number) => string,
): void {
  // By index, so that a hole is seen too.
  for (let i = 0; i < faces.length; i++) {
    const face = faces[i];
    if (typeof face !== "object" || face === null) {
      throw expected(TypeError, name(i), "a face with its points, as detect gives it", face);
    }
    checkFace(`${name(i)}.points`, face.points, image);
  }
}

function resolve(image: ImageLike, check: () => void, options: AlignOptions | undefined): Request {
  const pixels = checkImage(image);
  check();
  checkOptions(options, ["template", "border", "antialias"]);
  const { template, border = "constant", antialias = true } = options ?? {};
  if (typeof antialias !== "boolean") throw expected(TypeError, "options.antialias", "a boolean", antialias);
  return {
    pixels,
    template: resolveTemplate(template),
    border: resolveBorder(border, pixels),
    antialias,
    isClamped: image.data[Symbol.toStringTag] === "Uint8ClampedArray",
  };
}

function resolveBorder(border: NonNullable<AlignOptions["border"]>, { format }: Pixels): Warp["border"] {
  const [bytes] = FORMATS[format];
  if (border === "replicate") return border;
  if (border === "constant") return Array<number>(bytes).fill(0);
  const wanted = `"constant", "replicate" or ${bytes} whole numbers of 0 to 255 (a pixel, ${format})`;
  if (!Array.isArray(border)) throw expected(TypeError, "options.border", wanted, border);
  const isByte = (v: unknown) => Number.isInteger(v) && (v as number) >= 0 && (v as number) <= 255;
  if (border.length !== bytes || !border.every(isByte)) {
    throw expected(RangeError, "options.border", wanted, `[${border.join(", ")}]`);
  }
  return border;
}

function align(
  { pixels, template: { size }, border, antialias, isClamped }: Request,
  { matrix, inverse, scale }: Similarity,
  engine: Engine,
): AlignedFace {
  const { width, height } = size;
  const length = width * height * FORMATS[pixels.format][0];
  const data = isClamped ? new Uint8ClampedArray(length) : new Uint8Array(length);
  const factor = antialias ? Math.min(Math.floor(1 / scale), MOST_SHRUNK) : 1;
  if (factor < 2) {
    engine.warp(pixels, { inverse, columns: width, border }, data);
  } else {
    const toShrunk = shrunkMatrix(inverse, factor);
    const around = { inverse: toShrunk, columns: width };
    const part = partAround(shrunkSize(pixels, factor), around, 0, height);
    const [a, b, tx, c, d, ty] = toShrunk;
    const toPart = [a, b, tx - part.left, c, d, ty - part.top] as const;
    engine.warp(engine.shrink(pixels, part, factor), { inverse: toPart, columns: width, border }, data);
  }
  return { data, width, height, format: pixels.format, matrix, inverse };
}

/** A matrix to pixels of an image as one to pixels of that image shrunk, whose centres are those of factor × factor pixels. */
function shrunkMatrix([a, b, tx, c, d, ty]: Matrix, factor: number): Matrix {
  const middle = (factor - 1) / 2;
  return [a / factor, b / factor, (tx - middle) / factor, c / factor, d / factor, (ty - middle) / factor];
}
