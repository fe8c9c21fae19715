/** Labelled photos and faces, as the reference data lists them. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import type { Box, Point } from "fivepoint";

export const REFERENCE = process.env.FIVEPOINT_REFERENCE ?? resolve(import.meta.dirname, "../../shared");

export interface LabelledPhoto {
  readonly file: string;
  /** The boxes of its faces. */
  readonly truth: readonly Box[];
}

/** The photos of a folder's val.csv (file,x,y,width,height: one line per face, in pixels). */
export function labelledPhotos(folder = join(REFERENCE, "photos")): LabelledPhoto[] {
  const photos = new Map<string, Box[]>();
  const rows = parse(readFileSync(join(folder, "val.csv")), { columns: true });
  for (const { file, ...row } of rows as Record<string, string>[]) {
    const [x, y, width, height] = ["x", "y", "width", "height"].map((side) => Number(row[side]));
    const boxes = photos.get(file!) ?? [];
    photos.set(file!, [...boxes, { x: x!, y: y!, width: width!, height: height! }]);
  }
  return [...photos].map(([file, truth]) => ({ file: join(folder, file), truth }));
}

/** The five points of a row with the columns x0, y0 … x4, y4. */
export const labelledPoints = (row: Readonly<Record<string, string>>): Point[] =>
  [0, 1, 2, 3, 4].map((i) => ({ x: Number(row[`x${i}`]), y: Number(row[`y${i}`]) }));
