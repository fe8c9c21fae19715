/** Images for a person to judge landmarks by. */
import type { Face } from "fivepoint";
import { faceSvg } from "fivepoint/draw";
import type { RgbImage } from "../formats/photo.ts";
import { formatOf, toSharp } from "./images.ts";
import { loadSharp } from "./sharp.ts";

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
    const number = faces.length > 1 ? i + 1 : undefined;
    const marks = faceSvg(face, { number, scale: k, size: { width, height } });
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
