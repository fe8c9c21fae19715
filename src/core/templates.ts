/** Where alignment brings the five points. */
import { expected, quoted } from "./errors.ts";
import { checkFace } from "./similarity.ts";
import type { Point } from "./types.ts";

/** Where the five points go, and the size of the image they lie in, in pixels. */
export interface AlignTemplate {
  readonly points: readonly Point[];
  readonly size: { readonly width: number; readonly height: number };
}

/** The points of the Open Model Zoo's demos (face_identifier.py), in an image of 96×112: those of an upright face. */
export const OMZ: readonly Point[] = [
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

/** Five points of FFHQ's faces at 512×512, which GFPGAN, CodeFormer and others align by (facexlib's FaceRestoreHelper). */
const FFHQ = [
  { x: 192.98138, y: 239.94708 },
  { x: 318.90277, y: 240.1936 },
  { x: 256.63416, y: 314.01935 },
  { x: 201.26117, y: 371.41043 },
  { x: 313.08905, y: 371.15118 },
];

/**
 * The template of FFHQ, the data set of faces from chin to hairline: for avatars, and for networks that restore or generate faces.
 * @param size of the square image in pixels, 1 to 8192
 * @param margin added on each side of FFHQ's square, as a part of `size`: between −0.5 and 0.5; below 0 it is cropped closer
 * @throws RangeError for another size or margin
 */
export function ffhqTemplate(size = 512, margin = 0): AlignTemplate {
  checkSide("size", size);
  if (!(Number.isFinite(margin) && Math.abs(margin) < 0.5)) {
    throw expected(RangeError, "margin", "a number between -0.5 and 0.5", margin);
  }
  const place = (v: number) => size * (margin + (1 - 2 * margin) * (v / 512));
  return {
    points: FFHQ.map(({ x, y }) => ({ x: place(x), y: place(y) })),
    size: { width: size, height: size },
  };
}

function checkSide(argument: string, side: number): void {
  if (!(Number.isInteger(side) && side >= 1 && side <= 8192)) {
    throw expected(RangeError, argument, "a whole number of 1 to 8192", side);
  }
}

/** @throws TypeError, RangeError for what is no template */
export function resolveTemplate(template: string | AlignTemplate = "arcface112"): AlignTemplate {
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
    checkSide(`options.template.size.${side}`, size[side]);
  }
  checkFace("options.template.points", template.points, size);
  return template;
}
