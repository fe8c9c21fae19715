/** A sheet of faces with true and predicted points: for seeing why an answer is wrong. */
import type { Box, ImageLike, Point } from "fivepoint";
import { boxMark, dotMark, lineMark, markSvg, PALETTE, ringMark, textMark } from "../../drawing/marks.ts";
import { svg } from "../draw.ts";
import { type Format, toSharp } from "../images.ts";
import { loadSharp } from "../sharp.ts";

export interface Sample {
  readonly image: ImageLike;
  /** The box that was read. */
  readonly box: Box;
  readonly truth: readonly Point[];
  readonly predicted: readonly Point[];
  readonly error: number;
}

const TILE = 240;
const COLUMNS = 5;
/** How much around the box is shown. */
const MARGIN = 1.3;

/**
 * Draws tiles row by row: the box, true points as green rings, predicted ones as orange dots tied to them, and the error.
 * @returns the encoded file
 */
export async function contactSheet(samples: readonly Sample[], format: Format): Promise<Buffer> {
  const sharp = await loadSharp();
  const width = Math.min(samples.length, COLUMNS) * TILE;
  const height = Math.ceil(samples.length / COLUMNS) * TILE;
  const layers = await Promise.all(
    samples.map(async (sample, i) => drawTile(sample, (i % COLUMNS) * TILE, Math.floor(i / COLUMNS) * TILE)),
  );
  return sharp({ create: { width, height, channels: 3, background: "#222" } })
    .composite(layers.flat())
    .toFormat(format)
    .toBuffer();
}

async function drawTile({ image, box, truth, predicted, error }: Sample, left: number, top: number) {
  const sharp = await loadSharp();
  const side = MARGIN * Math.max(box.width, box.height);
  const scale = TILE / side;
  const originX = box.x + box.width / 2 - side / 2;
  const originY = box.y + box.height / 2 - side / 2;
  // The part of the tile that the image covers, in whole pixels of the image.
  const x0 = Math.max(0, Math.ceil(originX));
  const y0 = Math.max(0, Math.ceil(originY));
  const x1 = Math.min(image.width, Math.floor(originX + side));
  const y1 = Math.min(image.height, Math.floor(originY + side));
  const input = await toSharp(sharp, image)
    .extract({ left: x0, top: y0, width: x1 - x0, height: y1 - y0 })
    .resize(Math.max(1, Math.round((x1 - x0) * scale)), Math.max(1, Math.round((y1 - y0) * scale)), {
      fit: "fill",
    })
    .png()
    .toBuffer();
  const toTile = ({ x, y }: Point) => ({ x: (x - originX) * scale, y: (y - originY) * scale });
  const corner = toTile(box);
  const marks = [
    boxMark({ ...corner, width: box.width * scale, height: box.height * scale }, 1),
    ...truth.flatMap((point, i) => {
      const [t, p] = [toTile(point), toTile(predicted[i]!)];
      return [
        lineMark(t, p, 1.5, PALETTE.line),
        ringMark(t, 5, 2, PALETTE.truth),
        dotMark(p, 3, PALETTE.prediction),
      ];
    }),
    textMark(error.toFixed(3), { x: 8, y: 8 }, 14, PALETTE.line),
  ];
  const edge = `<rect width="${TILE}" height="${TILE}" fill="none" stroke="#222" stroke-width="2"/>`;
  const overlay = svg(TILE, TILE, edge + marks.map(markSvg).join(""));
  return [
    { input, left: left + Math.round((x0 - originX) * scale), top: top + Math.round((y0 - originY) * scale) },
    { input: Buffer.from(overlay), left, top },
  ];
}
