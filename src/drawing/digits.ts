/** Digits as strokes, since a system that renders SVG may have no fonts. */

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
};
/** From one cell to the next. */
const ADVANCE = 5.4;
/** How tall a digit is in the units of `digitsPath`. */
export const DIGIT_HEIGHT = 6;

/** SVG path data of a text of digits, points and spaces, its top left corner at 0, 0. */
export function digitsPath(text: string): string {
  const strokes = [...text].map((char, i) => {
    const stroke = STROKES[char];
    return stroke ? `M${Math.round(10 * (ADVANCE * i + stroke[0])) / 10} ${stroke[1]}${stroke[2]}` : "";
  });
  return strokes.join("");
}

/** The width of a text that is so tall. */
export function digitsWidth(text: string, height: number): number {
  return ((ADVANCE * text.length - (ADVANCE - 4)) * height) / DIGIT_HEIGHT;
}
