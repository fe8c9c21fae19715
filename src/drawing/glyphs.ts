/** Digits, and the letters of a legend, as strokes, since a system that renders SVG may have no fonts. */

/** Of each character in a cell of 4×6: where its stroke begins, and the stroke from there on as relative SVG path data. */
const STROKES: Record<string, readonly [x: number, y: number, path: string]> = {
  0: [2, 0, "c-2.6 0-2.6 6 0 6s2.6-6 0-6"],
  1: [0.6, 1.4, "l1.6-1.4v6"],
  2: [0.2, 1.6, "c0-2.2 3.6-2.2 3.6.1c0 1.5-2.4 2.5-3.6 4.3h3.8"],
  3: [0.3, 0.9, "c.9-1.4 3.4-1.1 3.3.6c0 1-.8 1.4-1.8 1.4c1.2 0 2.1.5 2 1.6c-.1 1.8-2.9 2-3.7.5"],
  4: [3.1, 6, "v-6l-3 4.2h3.9"],
  5: [3.6, 0, "h-2.8l-.4 2.8c1.2-.9 3.5-.6 3.4 1.3c-.1 2.2-2.9 2.4-3.7 1"],
  6: [3.3, 0.2, "c-1.9.7-3.1 2.4-3.1 4c0 2.4 3.6 2.4 3.6-.1c0-2.3-3.2-2.3-3.6 0"],
  7: [0, 0, "h4l-2.5 6"],
  8: [2, 2.8, "c-2.1 0-2.1-2.8 0-2.8s2.1 2.8 0 2.8c-2.6 0-2.6 3.2 0 3.2s2.6-3.2 0-3.2"],
  9: [0.7, 5.8, "c1.9-.7 3.1-2.4 3.1-4c0-2.4-3.6-2.4-3.6.1c0 2.3 3.2 2.3 3.6 0"],
  ".": [2, 5.9, "v.1"],
  a: [3.5, 2, "v4m0-2c0-2.7-3.2-2.7-3.2 0s3.2 2.7 3.2 0"],
  b: [0.5, 0, "v6m0-2c0-2.7 3.2-2.7 3.2 0s-3.2 2.7-3.2 0"],
  c: [3.6, 2.8, "c-1-1.3-3.2-1-3.2 1.2s2.2 2.5 3.2 1.2"],
  d: [3.5, 0, "v6m0-2c0-2.7-3.2-2.7-3.2 0s3.2 2.7 3.2 0"],
  e: [0.5, 4, "h3.1c0-2.7-3.2-2.7-3.2 0c0 2.4 2.2 2.5 3.1 1.3"],
  i: [2, 2, "v4m0-5.7v.1"],
  k: [0.6, 0, "v6m2.8-4l-2.8 2.4m1-.8l2 2.4"],
  n: [0.6, 2, "v4m0-2.2c.2-2.4 2.8-2.4 2.8-.2v2.4"],
  o: [2, 2, "c-2.1 0-2.1 4 0 4s2.1-4 0-4"],
  p: [0.5, 2, "v6m0-4c0-2.7 3.2-2.7 3.2 0s-3.2 2.7-3.2 0"],
  r: [0.8, 2, "v4m0-2.2c.2-1.2 1.2-1.9 2.6-1.7"],
  t: [1.6, 0.6, "v4.2c0 1 .6 1.2 1.6 1.2m-3-4h3"],
  u: [0.5, 2, "v2.4c0 2.2 3 2.2 3 0v-2.4m0 2v2"],
  x: [0.5, 2, "l3 4m0-4l-3 4"],
};
/** From one cell to the next. */
const ADVANCE = 5.4;
/** How tall a digit is in the units of `textPath`. */
export const GLYPH_HEIGHT = 6;

/** SVG path data of a text of such characters and spaces, its top left corner at 0, 0. */
export function textPath(text: string): string {
  const strokes = [...text].map((char, i) => {
    const stroke = STROKES[char];
    return stroke ? `M${Math.round(10 * (ADVANCE * i + stroke[0])) / 10} ${stroke[1]}${stroke[2]}` : "";
  });
  return strokes.join("");
}

/** The width of a text that is so tall. */
export function textWidth(text: string, height: number): number {
  return ((ADVANCE * text.length - (ADVANCE - 4)) * height) / GLYPH_HEIGHT;
}
