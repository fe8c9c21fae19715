/** Labelled faces to measure errors on: CSV files of this project and VGGFace2's own lists. */
import { dirname } from "node:path";
import { InvalidArgumentError } from "commander";
import type { Box, Point } from "fivepoint";
import {
  boxColumns,
  fileColumn,
  imageName,
  locateImages,
  type Row,
  readBoxes,
  readList,
  rowBox,
} from "../lists.ts";
import { toNumber } from "../options.ts";

export interface LabelledFace {
  /** As the list names it. */
  readonly file: string;
  readonly path: string;
  /** Which collection the label comes from: labels of one source are registered alike. */
  readonly source: string;
  /** In pixels; absent when no list gives one. */
  readonly box: Box | undefined;
  /** True points in pixels, in the order of `LANDMARK_NAMES`. */
  readonly points: readonly Point[];
}

/** Where the boxes come from: the list itself, or another list by the same names. */
export type BoxSource = "list" | "none" | { readonly from: string };

const POINTS = [
  ["x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"],
  ["p1x", "p1y", "p2x", "p2y", "p3x", "p3y", "p4x", "p4y", "p5x", "p5y"],
];

/**
 * Reads a list of labelled faces. Columns: `file` (or `image`; VGGFace2's `NAME_ID` lacks the ending .jpg), points as
 * `x0,y0…x4,y4` (or `P1X,P1Y…P5X,P5Y`), optionally `source` and a box (`x,y,width,height`, `box_x,box_y,box_w,box_h`
 * or `x,y,w,h`).
 * @param images the folder of the images; default that of the list
 * @throws Error when a file can't be read, InvalidArgumentError when it isn't such a list
 */
export async function readDataset(
  path: string,
  images = dirname(path),
  boxes: BoxSource = "list",
): Promise<LabelledFace[]> {
  const rows = await readList(path);
  const header = rows[0]?.row ?? {};
  const name = fileColumn(header);
  const columns = POINTS.find((names) => names.every((name) => name in header));
  if (!name || !columns) {
    throw new InvalidArgumentError(
      `${path}: expected the columns file and x0, y0 … x4, y4 (or NAME_ID and P1X, P1Y … P5X, P5Y), ` +
        `but found ${Object.keys(header).join(", ") || "no row"}.`,
    );
  }
  const listed = typeof boxes === "object" ? await boxesByFile(boxes.from) : undefined;
  const sides = boxes === "list" ? boxColumns(header) : undefined;
  const imageOf = (file: string) => (name === "name_id" ? `${file}.jpg` : file);
  const files = rows.map(({ row, line }) => imageName(path, line, row, name));
  const paths = await locateImages(images, files.map(imageOf));
  return rows.map(({ row, line }, i) => {
    const file = files[i]!;
    return {
      file,
      path: paths.get(imageOf(file))!,
      source: row.source || "all",
      box: listed ? listed.get(file) : sides && rowBox(path, line, row, sides),
      points: rowPoints(path, line, row, columns),
    };
  });
}

async function boxesByFile(path: string): Promise<Map<string, Box>> {
  const boxes = new Map<string, Box>();
  for (const { file, box, line } of await readBoxes(path)) {
    if (boxes.has(file))
      throw new InvalidArgumentError(
        `${path}, line ${line}: expected one box per file, but found another of ${file}.`,
      );
    boxes.set(file, box);
  }
  return boxes;
}

function rowPoints(path: string, line: number, row: Row, columns: readonly string[]): Point[] {
  const numbers = columns.map((name) => toNumber(row[name]));
  const points = [0, 2, 4, 6, 8].map((i) => ({ x: numbers[i]!, y: numbers[i + 1]! }));
  const apart = Math.hypot(points[0]!.x - points[1]!.x, points[0]!.y - points[1]!.y) > 0;
  if (!numbers.some(Number.isNaN) && apart) return points;
  throw new InvalidArgumentError(
    `${path}, line ${line}: expected ten numbers with the eyes apart, but found ${columns.map((name) => row[name]).join(", ")}.`,
  );
}
