/** Images for a person to judge landmarks by: SVG without text, since a system may have no fonts. */
import type { Face } from "fivepoint";
import type { RgbImage } from "../formats/photo.ts";
import { formatOf, toSharp } from "./images.ts";
import { loadSharp } from "./sharp.ts";

/** Colours of the five points (Okabe and Ito's palette, told apart by colour-blind people too). */
export const COLOURS = ["#56b4e9", "#0072b2", "#f0e442", "#e69f00", "#d55e00"] as const;

// Strokes of each character in a cell of 4×6: digits, and the letters of the contact sheet's legend.
const STROKES: Record<string, string> = {
  0: "M2 0C-.6 0-.6 6 2 6S4.6 0 2 0",
  1: "M.6 1.4 2.2 0V6",
  2: "M.2 1.6C.2-.6 3.8-.6 3.8 1.7C3.8 3.2 1.4 4.2.2 6H4",
  3: "M.3.9C1.2-.5 3.7-.2 3.6 1.5C3.6 2.5 2.8 2.9 1.8 2.9C3 2.9 3.9 3.4 3.8 4.5C3.7 6.3.9 6.5.1 5",
  4: "M3.1 6V0L.1 4.2H4",
  5: "M3.6 0H.8L.4 2.8C1.6 1.9 3.9 2.2 3.8 4.1C3.7 6.3.9 6.5.1 5.1",
  6: "M3.3.2C1.4.9.2 2.6.2 4.2C.2 6.6 3.8 6.6 3.8 4.1C3.8 1.8.6 1.8.2 4.1",
  7: "M0 0H4L1.5 6",
  8: "M2 2.8C-.1 2.8-.1 0 2 0S4.1 2.8 2 2.8C-.6 2.8-.6 6 2 6S4.6 2.8 2 2.8",
  9: "M.7 5.8C2.6 5.1 3.8 3.4 3.8 1.8C3.8-.6.2-.6.2 1.9C.2 4.2 3.4 4.2 3.8 1.9",
  ".": "M2 5.9V6",
  a: "M3.5 2V6M3.5 4C3.5 1.3.3 1.3.3 4S3.5 6.7 3.5 4",
  b: "M.5 0V6M.5 4C.5 1.3 3.7 1.3 3.7 4S.5 6.7.5 4",
  c: "M3.6 2.8C2.6 1.5.4 1.8.4 4S2.6 6.5 3.6 5.2",
  d: "M3.5 0V6M3.5 4C3.5 1.3.3 1.3.3 4S3.5 6.7 3.5 4",
  e: "M.5 4H3.6C3.6 1.3.4 1.3.4 4C.4 6.4 2.6 6.5 3.5 5.3",
  i: "M2 2V6M2 .3V.4",
  k: "M.6 0V6M3.4 2 .6 4.4M1.6 3.6 3.6 6",
  n: "M.6 2V6M.6 3.8C.8 1.4 3.4 1.4 3.4 3.6V6",
  o: "M2 2C-.1 2-.1 6 2 6S4.1 2 2 2",
  p: "M.5 2V8M.5 4C.5 1.3 3.7 1.3 3.7 4S.5 6.7.5 4",
  r: "M.8 2V6M.8 3.8C1 2.6 2 1.9 3.4 2.1",
  t: "M1.6.6V4.8C1.6 5.8 2.2 6 3.2 6M.2 2H3.2",
  u: "M.5 2V4.4C.5 6.6 3.5 6.6 3.5 4.4V2M3.5 4V6",
  x: "M.5 2 3.5 6M3.5 2 .5 6",
};

/** How wide a label is. */
export const labelWidth = (text: string, height: number): number => (text.length * 5.4 * height) / 6;

/** Characters as strokes: `height` tall, their top left at x, y; a dark rim keeps them legible anywhere. */
export function label(text: string, x: number, y: number, height: number, colour: string): string {
  const scale = height / 6;
  const cells = [...text]
    .map((char, i) => `<path d="${STROKES[char]}" transform="translate(${i * 5.4})"/>`)
    .join("");
  const lines = (stroke: string, width: number) =>
    `<g stroke="${stroke}" stroke-width="${width}">${cells}</g>`;
  return (
    `<g transform="translate(${x} ${y}) scale(${scale})" fill="none" stroke-linecap="round" stroke-linejoin="round">` +
    `${lines("#000", 2.2)}${lines(colour, 1)}</g>`
  );
}

/** On smaller faces numbers would hide the points, whose colours tell them apart too. */
const LEAST_NUMBERED = 64;

/** A face's box, dots and their numbers from 1, and the number of the face among several; `k` pixels for one. */
function faceMarks({ box, points }: Face, number: number | undefined, k: number): string {
  const size = Math.sqrt(box.width * box.height) * k;
  const radius = Math.max(2.5, size / 70);
  const digit = Math.max(9, size / 18);
  const line = Math.max(1.5, size / 150);
  const rect = `x="${box.x * k}" y="${box.y * k}" width="${box.width * k}" height="${box.height * k}" fill="none"`;
  const marks = [
    `<rect ${rect} stroke="#000" stroke-opacity=".5" stroke-width="${2 * line}"/>`,
    `<rect ${rect} stroke="#fff" stroke-width="${line}"/>`,
  ];
  points.forEach(({ x, y }, i) => {
    const dot = `cx="${x * k}" cy="${y * k}" r="${radius}"`;
    marks.push(`<circle ${dot} fill="${COLOURS[i]}" stroke="#000" stroke-width="${radius / 3}"/>`);
    if (size >= LEAST_NUMBERED)
      marks.push(label(`${i + 1}`, x * k + radius * 1.5, y * k - radius - digit, digit, COLOURS[i]!));
  });
  if (number !== undefined) {
    const height = digit * 1.4;
    marks.push(
      label(
        `${number}`,
        box.x * k + line * 2,
        Math.max(line * 3, box.y * k - height - line * 3),
        height,
        "#fff",
      ),
    );
  }
  return marks.join("");
}

/**
 * Draws faces on their image, enlarged by `k`; `path`'s ending chooses the format.
 * @returns the encoded file
 */
export async function annotate(
  image: RgbImage,
  faces: readonly Face[],
  path: string,
  k: number,
): Promise<Buffer> {
  const sharp = await loadSharp();
  const width = Math.max(1, Math.round(image.width * k));
  const height = Math.max(1, Math.round(image.height * k));
  // Each face is an overlay of its own, as large as its marks: one of the whole image could be gigabytes.
  const overlays = faces.map((face, i) => {
    const { box, points } = face;
    const margin = Math.max(24, (box.width + box.height) * k * 0.15);
    const xs = [box.x, box.x + box.width, ...points.map(({ x }) => x)].map((x) => x * k);
    const ys = [box.y, box.y + box.height, ...points.map(({ y }) => y)].map((y) => y * k);
    const left = Math.max(0, Math.floor(Math.min(...xs) - margin));
    const top = Math.max(0, Math.floor(Math.min(...ys) - margin));
    const w = Math.min(width, Math.ceil(Math.max(...xs) + margin)) - left;
    const h = Math.min(height, Math.ceil(Math.max(...ys) + margin)) - top;
    const marks = faceMarks(face, faces.length > 1 ? i + 1 : undefined, k);
    return { input: Buffer.from(svg(w, h, marks, left, top)), left, top };
  });
  const canvas = toSharp(sharp, image).resize(width, height, { fit: "fill" });
  return canvas.composite(overlays).toFormat(formatOf(path)!).toBuffer();
}

/** An SVG document of `width`×`height` whose top left corner is at `left`, `top`. */
export function svg(width: number, height: number, content: string, left = 0, top = 0): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="${left} ${top} ${width} ${height}">${content}</svg>`
  );
}
