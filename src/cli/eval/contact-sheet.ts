/** A sheet of faces with true and predicted points: for seeing why an answer is wrong. */
import type { Box, ImageLike, Point } from "fivepoint";
import { textWidth } from "../../drawing/glyphs.ts";
import {
  boxMark,
  dotMark,
  lineMark,
  type Mark,
  markSvg,
  PALETTE,
  ringMark,
  textMark,
} from "../../drawing/marks.ts";
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
/** Of a line of the legend. */
const LINE = 28;
const TEXT = 10;

/** A true point, or what stands for one in the legend. */
const ring = (at: Point) => ringMark(at, 5, 2, PALETTE.truth);
/** A predicted one. */
const dot = (at: Point) => dotMark(at, 3, PALETTE.prediction);
const text = (words: string, x: number, y: number, height: number) =>
  textMark(words, { x, y }, height, PALETTE.line);

/**
 * Draws tiles row by row, worst first: the box, true points as green rings, predicted ones as orange dots tied to them, the
 * rank, which the list that `eval` prints has too, and the error. A legend follows.
 * @returns the encoded file
 */
export async function contactSheet(samples: readonly Sample[], format: Format): Promise<Buffer> {
  const sharp = await loadSharp();
  const width = Math.min(samples.length, COLUMNS) * TILE;
  const below = Math.ceil(samples.length / COLUMNS) * TILE;
  const layers = await Promise.all(samples.map((sample, i) => drawTile(sample, i)));
  const explained = legend(width);
  return sharp({ create: { width, height: below + explained.height, channels: 3, background: "#222" } })
    .composite([...layers.flat(), { input: Buffer.from(explained.svg), left: 0, top: below }])
    .toFormat(format)
    .toBuffer();
}

/** What the marks are, in as many lines as it takes. */
function legend(width: number): { svg: string; height: number } {
  const entries: [string, (x: number, y: number) => Mark][] = [
    ["true", (x, y) => ring({ x, y })],
    ["predicted", (x, y) => dot({ x, y })],
    ["box", (x, y) => boxMark({ x: x - 6, y: y - 6, width: 12, height: 12 }, 1)],
    ["rank", (x, y) => text("1", x - 4, y - 6, 12)],
    ["error", (x, y) => text("0.1", x - 14, y - 6, 12)],
  ];
  let [x, y] = [0, LINE / 2];
  const marks: Mark[] = [];
  for (const [word, mark] of entries) {
    const room = 50 + textWidth(word, TEXT);
    if (x + room > width) [x, y] = [0, y + LINE];
    marks.push(mark(x + 20, y), text(word, x + 42, y - TEXT / 2, TEXT));
    x += room;
  }
  const height = y + LINE / 2;
  return { svg: svg(width, height, marks.map(markSvg).join("")), height };
}

async function drawTile({ image, box, truth, predicted, error }: Sample, index: number) {
  const sharp = await loadSharp();
  const left = (index % COLUMNS) * TILE;
  const top = Math.floor(index / COLUMNS) * TILE;
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
  const size = error.toFixed(3);
  const marks = [
    boxMark({ ...corner, width: box.width * scale, height: box.height * scale }, 1),
    ...truth.flatMap((point, i) => {
      const [t, p] = [toTile(point), toTile(predicted[i]!)];
      return [lineMark(t, p, 1.5, PALETTE.line), ring(t), dot(p)];
    }),
    text(`${index + 1}`, 8, 8, 14),
    text(size, TILE - 8 - textWidth(size, 14), 8, 14),
  ];
  const edge = `<rect width="${TILE}" height="${TILE}" fill="none" stroke="#222" stroke-width="2"/>`;
  const overlay = svg(TILE, TILE, edge + marks.map(markSvg).join(""));
  return [
    { input, left: left + Math.round((x0 - originX) * scale), top: top + Math.round((y0 - originY) * scale) },
    { input: Buffer.from(overlay), left, top },
  ];
}
