/** What `fivepoint detect` says of each image, in each of its formats. */
import { stringify } from "csv-stringify/sync";
import { type Box, type Face, LANDMARK_NAMES } from "fivepoint";
import type { Report } from "../report.ts";
import { isEmpty, NO_FACE, type Outcome } from "./job.ts";

export interface Format {
  /** The first line of results. */
  readonly header?: string;
  readonly print: (report: Report, outcome: Outcome) => Promise<void>;
}

export const FORMATS = {
  line: { print: printLine },
  text: { print: printText },
  json: { print: printJson },
  csv: {
    header: "image,box_x,box_y,box_w,box_h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,score",
    print: printCsv,
  },
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof FORMATS;

/** A face per line: fields separated by tabs, pixels to a tenth, the box as `--box` takes it. */
async function printLine(report: Report, outcome: Outcome): Promise<void> {
  const { path, faces } = outcome;
  for (const [i, { box, points, score }] of faces.entries()) {
    const places = points.map(({ x, y }, k) => `${LANDMARK_NAMES[k]}=${x.toFixed(1)},${y.toFixed(1)}`);
    const fields = [
      // A name may hold any character; it still takes one line.
      path.replaceAll(/\p{Cc}/gu, (char) => JSON.stringify(char).slice(1, -1)),
      i + 1,
      `score=${score.toFixed(2)}`,
      `box=${rounded(box)}`,
      ...places,
    ];
    await report.line(fields.join("\t"));
  }
  tell(report, outcome);
}

/** Several faces have the numbers that they have in the drawing and in the names of aligned faces. */
async function printText(report: Report, outcome: Outcome): Promise<void> {
  const { path, size, faces } = outcome;
  if (faces.length > 0) await report.line(`${path}, ${size}`);
  for (const [face, { box, points, score }] of faces.entries()) {
    const name = faces.length > 1 ? `face ${face + 1}:` : "face";
    const [x, y, width, height] = rounded(box);
    await report.line(`  ${name} ${width}×${height} at ${x}, ${y}, score ${score.toFixed(2)}`);
    for (const [i, { x, y }] of points.entries()) {
      await report.line(
        `    ${i + 1} ${LANDMARK_NAMES[i]!.padEnd(10)} ${x.toFixed(1).padStart(8)} ${y.toFixed(1).padStart(8)}`,
      );
    }
  }
  tell(report, outcome);
}

/** By schema/result.schema.json. */
async function printJson(report: Report, outcome: Outcome): Promise<void> {
  const { path: image, faces, errors } = outcome;
  for (const face of faces) await report.line(JSON.stringify({ image, ...asJson(face) }));
  for (const error of errors) await report.line(JSON.stringify({ image, error }));
  if (isEmpty(outcome)) await report.line(JSON.stringify({ image, faces: 0 }));
}

function asJson({ box, points, normalized, score }: Face) {
  return { box, points: points.map(({ x, y }) => [x, y]), normalized: [...normalized], score };
}

async function printCsv(report: Report, outcome: Outcome): Promise<void> {
  const { path, faces } = outcome;
  for (const { box, points, score } of faces) {
    const numbers = [box.x, box.y, box.width, box.height, ...points.flatMap(({ x, y }) => [x, y]), score];
    await report.line(stringify([[path, ...numbers]], { eof: false }));
  }
  tell(report, outcome);
}

/** What only JSON has a place for. */
function tell(report: Report, outcome: Outcome): void {
  const { path, errors } = outcome;
  if (isEmpty(outcome)) report.note(`${path}: ${NO_FACE}`);
  for (const error of errors) report.warn(`${path}: ${error}`);
}

/** x, y, width and height to a tenth of a pixel. */
const rounded = ({ x, y, width, height }: Box) => [x, y, width, height].map((v) => Number(v.toFixed(1)));
