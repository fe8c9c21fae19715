/**
 * What a found box costs against a labelled one, in the error of the points:
 *
 *     node bench/found.ts list.csv
 *
 * The list labels faces (file, source, x0, y0 … x4, y4; images beside it). A face is found if a box holds four of its points. Each is read
 * in that box and in the square around its labelled points, once and refined. The error of a face is the mean distance of its points in
 * eye distances, at most 0.5.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "csv-parse/sync";
import { createLandmarker, type Point } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { readImage } from "fivepoint/node";
import { landmarkBox } from "../src/core/finder/faces.ts";
import { flat, squareAround } from "../src/core/refine.ts";
import { labelledPoints } from "./labels.ts";
import { matchPoints } from "./matching.ts";
import { overlap } from "./overlap.ts";

const [list = ""] = process.argv.slice(2);
const rows = parse(readFileSync(list), { columns: true }) as Record<string, string>[];
const [finder, landmarker] = await Promise.all([createFinder(), createLandmarker()]);
const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

const METHODS = ["labelled, once", "found, once", "labelled, refined", "found, refined"] as const;
/** By source: how many faces, and of those that were found the errors by method. */
const sources = new Map<string, { faces: number; errors: number[][] }>();
for (const [i, row] of rows.entries()) {
  if (process.stderr.isTTY) process.stderr.write(`\r${i + 1}/${rows.length}`);
  const source = sources.get(row.source!) ?? { faces: 0, errors: [] };
  sources.set(row.source!, source);
  source.faces++;
  const points = labelledPoints(row);
  const { x, y, side } = squareAround(flat(points))!;
  const image = await readImage(join(dirname(list), row.file!));
  const labelled = { x: x - side / 2, y: y - side / 2, width: side, height: side };
  const [best] = finder
    .find(image)
    .filter((box) => matchPoints(points, [box]).kind === "right")
    .map(landmarkBox)
    .sort((a, b) => overlap(b, labelled) - overlap(a, labelled));
  if (!best) continue;
  source.errors.push(
    [false, true].flatMap((refine) =>
      landmarker.detectAll(image, [labelled, best], { refine }).map((face) => error(face.points, points)),
    ),
  );
}

function error(found: readonly Point[], points: readonly Point[]): number {
  const sum = found.reduce((sum, p, k) => sum + distance(p, points[k]!), 0);
  return Math.min(0.5, sum / 5 / distance(points[0]!, points[1]!));
}

console.log(`source   faces  found  ${METHODS.join("  ")}  found ÷ labelled, refined`);
for (const [name, { faces, errors }] of sources) {
  const means = METHODS.map((_, k) => errors.reduce((sum, row) => sum + row[k]! / errors.length, 0));
  const cells = means.map((mean, k) => mean.toFixed(4).padStart(METHODS[k]!.length));
  const ratio = (means[3]! / means[2]!).toFixed(3);
  console.log(
    `${name.padEnd(8)} ${`${faces}`.padStart(5)}  ${(errors.length / faces).toFixed(3)}  ${cells.join("  ")}  ${ratio}`,
  );
}
