/**
 * In which square around a detector's box the landmark network reads best:
 *
 *     python test/fixtures/detect.py yunet --model yunet.onnx --zoom 4 FACES > yunet.jsonl   # or detect.ts
 *     node bench/boxes.ts train.csv yunet.jsonl…
 *
 * where train.csv (file, source, …, x0, y0 … x4, y4: faces of the reference data) labels the images. Prints a line per file: how many
 * faces the detector found, and the error with the box as it is, enlarged by 1.15, in the square of the adapter, in the best square of
 * a grid and in the square around the labelled points, which nobody has. The error of a face is the mean distance of its points in
 * eye distances, at most 0.5, without each source's mean offset of every point, which shows where labellers put points, not how
 * good a square is.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "csv-parse/sync";
import { type Box, createLandmarker, type ImageLike, type Point } from "fivepoint";
import * as adapters from "fivepoint/adapters";
import { readImage } from "fivepoint/node";
import { bestSquare } from "../src/core/framing.ts";
import { squareAround } from "../src/core/refine.ts";
import { labelledPoints } from "./labels.ts";

interface Line {
  readonly detector: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a package gives
  readonly output: any;
}

const fromCorners = ([x1, y1, x2, y2]: number[]): Box => ({
  x: x1!,
  y: y1!,
  width: x2! - x1!,
  height: y2! - y1!,
});
const fromSides = ([x, y, width, height]: number[]): Box => ({
  x: x!,
  y: y!,
  width: width!,
  height: height!,
});
const fraction = ({ output: { detections }, width, height }: Line): Box[] =>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  detections.map(({ locationData: { relativeBoundingBox: box } }: any) =>
    fromSides([(box.xmin ?? 0) * width, (box.ymin ?? 0) * height, box.width * width, box.height * height]),
  );
/** By detector: the boxes as they are, and those of the adapter. */
const READERS: Record<string, [raw: (line: Line) => Box[], adapted: (line: Line) => Box[]]> = {
  mediapipe: [fraction, (line) => adapters.fromMediaPipe(line.output, line)],
  "mediapipe-full": [fraction, (line) => adapters.fromMediaPipe(line.output, line)],
  yunet: [({ output }) => output.map(fromSides), ({ output }) => adapters.fromYuNet(output)],
  mtcnn: [({ output }) => output.map(fromCorners), ({ output }) => adapters.fromMtcnn(output)],
  "face-api": [
    ({ output }) => output.map(({ box }: { box: Box }) => box),
    ({ output }) => adapters.fromFaceApi(output),
  ],
  human: [
    ({ output }) => output.face.map(({ box }: { box: number[] }) => fromSides(box)),
    ({ output }) => adapters.fromHuman(output),
  ],
};
READERS["human-boxes"] = READERS.human!;

const [labelFile = "", ...files] = process.argv.slice(2);
interface Face {
  readonly source: string;
  readonly points: readonly Point[];
}
const labels = new Map<string, Face>();
for (const row of parse(readFileSync(labelFile), { columns: true }) as Record<string, string>[]) {
  const points = labelledPoints(row);
  labels.set(row.file!, { source: row.source!, points });
}
const images = new Map<string, ImageLike>();
const landmarker = await createLandmarker();

const middle = (points: readonly Point[]) => ({
  x: points.reduce((sum, { x }) => sum + x / 5, 0),
  y: points.reduce((sum, { y }) => sum + y / 5, 0),
});
const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

/** The box whose centre is nearest to a face's points, if they lie in it. */
function around({ points }: Face, boxes: readonly Box[]): Box | undefined {
  const at = middle(points);
  const off = ({ x, y, width, height }: Box) => distance(at, { x: x + width / 2, y: y + height / 2 });
  const [box] = [...boxes].sort((a, b) => off(a) - off(b));
  if (!box || at.x < box.x || at.y < box.y || at.x > box.x + box.width || at.y > box.y + box.height)
    return undefined;
  return box;
}

/** The mean error in one box for each face. */
function errorIn(faces: readonly (Face & { image: ImageLike })[], boxOf: (i: number) => Box): number {
  const offsets = faces.map(({ image, points }, i) => {
    const found = landmarker.detect(image, boxOf(i)).points;
    const eyes = distance(points[0]!, points[1]!);
    return found.map(({ x, y }, k) => ({ x: (x - points[k]!.x) / eyes, y: (y - points[k]!.y) / eyes }));
  });
  let sum = 0;
  for (const source of new Set(faces.map((face) => face.source))) {
    const own = offsets.filter((_, i) => faces[i]!.source === source);
    const mean = [0, 1, 2, 3, 4].map((k) => ({
      x: own.reduce((sum, points) => sum + points[k]!.x / own.length, 0),
      y: own.reduce((sum, points) => sum + points[k]!.y / own.length, 0),
    }));
    for (const points of own)
      sum += Math.min(
        0.5,
        points.reduce((sum, p, k) => sum + distance(p, mean[k]!) / 5, 0),
      );
  }
  return sum / faces.length;
}

const steps = (from: number, to: number, step: number) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
const enlarged = ({ x, y, width, height }: Box, by: number): Box => ({
  x: x - (width * (by - 1)) / 2,
  y: y - (height * (by - 1)) / 2,
  width: width * by,
  height: height * by,
});

console.log("detector        faces   as it is  ×1.15     adapter   best      side  drop   by the labels");
for (const file of files) {
  const lines: Line[] = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [raw, adapted] = READERS[lines[0]!.detector]!;
  const faces: (Face & { image: ImageLike; raw: Box; adapted: Box })[] = [];
  for (const line of lines) {
    const face = labels.get(line.file)!;
    if (!images.has(line.file)) images.set(line.file, await readImage(join(dirname(labelFile), line.file)));
    const image = images.get(line.file)!;
    const toImage = ({ x, y, width, height }: Box): Box => {
      const scale = image.width / line.width;
      return { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
    };
    const box = around(face, raw(line).map(toImage));
    const square = around(face, adapted(line).map(toImage));
    if (box && square) faces.push({ ...face, image, raw: box, adapted: square });
  }
  let best = { error: Number.POSITIVE_INFINITY, side: 0, drop: 0 };
  for (const side of steps(0.6, 1.6, 0.05)) {
    for (const drop of steps(-0.2, 0.2, 0.025)) {
      const error = errorIn(faces, (i) => bestSquare(faces[i]!.raw, { side, drop }));
      if (error < best.error) best = { error, side, drop };
    }
  }
  const ideal = faces.map(({ points }) => squareAround(points.flatMap(({ x, y }) => [x, y]))!);
  const errors = [
    errorIn(faces, (i) => faces[i]!.raw),
    errorIn(faces, (i) => enlarged(faces[i]!.raw, 1.15)),
    errorIn(faces, (i) => faces[i]!.adapted),
    best.error,
  ];
  const byLabels = errorIn(faces, (i) => {
    const { x, y, side } = ideal[i]!;
    return { x: x - side / 2, y: y - side / 2, width: side, height: side };
  });
  console.log(
    lines[0]!.detector.padEnd(16) +
      `${faces.length}`.padEnd(8) +
      errors.map((error) => error.toFixed(4).padEnd(10)).join("") +
      best.side.toFixed(2).padEnd(6) +
      best.drop.toFixed(3).padEnd(7) +
      byLabels.toFixed(4),
  );
}
