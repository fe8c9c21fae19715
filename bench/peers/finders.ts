/** How well faces are found: the photos of val.csv, judged as bench/faces.ts does. */
import sharp from "sharp";
import { type LabelledPhoto, labelledPhotos } from "../labels.ts";
import { curve, type Judged, matchBox, matchPoints, rates } from "../matching.ts";
import { markdownTable } from "../table.ts";
import { type Answers, readAnswers } from "./answers.ts";
import type { Found } from "./child.ts";
import { type FaceFinder, FINDERS, widerFace } from "./contenders.ts";
import { type Times, versions } from "./times.ts";

/** False answers a photo. */
export const ALARMS = 0.1;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** One contender's figures. */
function judge({ square }: FaceFinder, { found, all }: Answers, photos: readonly (LabelledPhoto & Size)[]) {
  let faces = 0;
  const matches = photos.map(({ truth, ...size }) => {
    const least = 0.1 * Math.max(size.width, size.height);
    const counted = truth.map(({ width, height }) =>
      Math.max(width, height) >= least ? faces++ : undefined,
    );
    const squares = truth.map(widerFace);
    return (answer: Found): { box: Judged; points: Judged | undefined } => {
      const judged = ({ kind, face }: ReturnType<typeof matchBox>): Judged => ({
        ...{ score: answer.score!, kind, counted: kind === "right" ? counted[face] : undefined },
      });
      return {
        box: judged(matchBox(square(answer.box!, answer.score!), squares)),
        points: answer.points && judged(matchPoints(answer.points, truth)),
      };
    };
  });
  const verdicts = (answers: Answers["found"]) => answers.flatMap((each, i) => each.map(matches[i]!));
  const own = verdicts(found);
  const boxes = own.map(({ box }) => box);
  const points = own.flatMap(({ points }) => points ?? []);
  const every = verdicts(all!).map(({ box }) => box);
  return {
    boxes: rates(boxes, photos.length, faces),
    points: points.length > 0 ? rates(points, photos.length, faces) : undefined,
    curve: curve(every, photos.length, faces, ALARMS),
  };
}

type Figures = ReturnType<typeof judge>;

/** By contender. */
export async function measure(): Promise<Readonly<Record<string, Figures>>> {
  const photos = await Promise.all(
    labelledPhotos().map(async (photo) => ({ ...photo, ...(await sharp(photo.file).metadata()) })),
  );
  const entries = Object.entries(FINDERS);
  return Object.fromEntries(
    entries.map(([key, finder]) => [key, judge(finder, readAnswers("finders", key), photos)]),
  );
}

export const percent = (share: number) => (100 * share).toFixed(1);
/** A figure of the curve, with a sign where answers of lower scores might add to it. */
export const bound = (share: number, { cut }: Figures["curve"]) => `${cut ? "≥ " : ""}${percent(share)}`;

/** The table of weights/FINDER_CARD.md. */
export function findersTable(figures: Readonly<Record<string, Figures>>, times: Times | undefined): string {
  const head = [
    ...["", "pixels", "threshold", "points: precision, %", "recall", "boxes: precision", "recall"],
    ...[`recall at ${ALARMS} false`, "AP", "models, KB", ...(times ? ["ms per photo"] : [])],
  ];
  const rows = Object.entries(FINDERS).map(([key, { name, input, threshold }]) => {
    const { points, boxes, curve } = figures[key]!;
    return [
      ...[name, input, threshold],
      ...(points ? [percent(points.precision), percent(points.recall)] : ["", ""]),
      ...[boxes.precision, boxes.recall].map(percent),
      ...[curve.recall, curve.area].map((share) => bound(share, curve)),
      (readAnswers("finders", key).bytes / 1000).toFixed(0),
      ...(times ? [times.ms[key]?.toFixed(1) ?? ""] : []),
    ];
  });
  return `${markdownTable(head, rows, 3)}\n\n${versions("finders", Object.keys(FINDERS), times)}`;
}
