/** How accurately five points are read, on data that some networks were trained on and others weren't. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { Box, Point } from "fivepoint";
import { readImage } from "fivepoint/node";
import sharp from "sharp";
import { extent } from "../../src/cli/eval/conditions.ts";
import { debias, faceError, type Offsets, offsets, relativePoints } from "../../src/cli/eval/metrics.ts";
import { resolveBox } from "../../src/core/box.ts";
import { labelledPoints, REFERENCE } from "../labels.ts";
import { markdownTable } from "../table.ts";
import { lay, type Part, type Picture, readAnswers } from "./answers.ts";
import type { Found } from "./child.ts";
import { CACHE, LANDMARKS, type Reader } from "./contenders.ts";
import { type Times, versions } from "./times.ts";

interface Row extends Record<string, string> {
  file: string;
  source: string;
}

interface FaceSet {
  readonly name: string;
  readonly list: string;
  /** One face in so many: what tells these networks apart is far larger than what that costs. */
  readonly every: number;
  has(row: Row): boolean;
}

const ofSource = (name: string, source: string, every: number): FaceSet => ({
  ...{ name, list: "sharp.csv", every, has: (row) => row.source === source },
});

export const SETS: readonly FaceSet[] = [
  { name: "MTFL", list: "val.csv", every: 2, has: () => true },
  ofSource("LFPW", "lfpw", 2),
  ofSource("HELEN", "helen", 2),
  ofSource("WIDER FACE", "wider", 10),
  { name: "FairFace", list: "clean.csv", every: 5, has: ({ file }) => file.startsWith("clean/val") },
];

/** A labelled face, and the two pictures of it that contenders are given. */
export interface Trial {
  readonly source: string;
  readonly truth: readonly Point[];
  readonly picture: Picture;
  /** The box that is read: clipped to the photo, whole pixels. Errors are measured in its coordinates. */
  readonly box: Box;
  /** What is shown to those that find the face themselves, in pixels of the photo. */
  readonly region: { readonly left: number; readonly top: number; readonly side: number };
}

/** The side of the box, in extents of the labelled points, where a list gives none (weights/train/neutral.py). */
const EXTENTS = 2.1;
/** The side of the region, in sides of the box. */
const MARGIN = 1.5;
/** The side to which a region is enlarged. */
const ENLARGED = 320;

/** The square about the middle of the points' extent. */
function squareOf(points: readonly Point[]): Box {
  const { left, right, top, bottom } = extent(points);
  const side = EXTENTS * Math.max(right - left, bottom - top);
  return { x: (left + right - side) / 2, y: (top + bottom - side) / 2, width: side, height: side };
}

/** Unpacks a list's photos, if they are in an archive. */
function photoFolder(list: string): string {
  const archive = join(REFERENCE, "faces", list.replace(".csv", ".zip"));
  if (!existsSync(archive)) return join(REFERENCE, "faces");
  const folder = join(CACHE, "faces");
  if (!existsSync(join(folder, list.replace(".csv", "")))) {
    mkdirSync(folder, { recursive: true });
    execFileSync("python3", ["-m", "zipfile", "-e", archive, folder]);
  }
  return folder;
}

export async function readSet({ list, every, has }: FaceSet): Promise<Trial[]> {
  const rows: Row[] = parse(readFileSync(join(REFERENCE, "faces", list)), { columns: true });
  const folder = photoFolder(list);
  return Promise.all(
    rows
      .filter(has)
      .filter((_, i) => i % every === 0)
      .map(async (row) => {
        const truth = labelledPoints(row);
        const [x, y, width, height] = ["x", "y", "w", "h"].map((side) => Number(row[`box_${side}`]));
        const given = { x: x!, y: y!, width: width!, height: height! };
        const picture = await readImage(join(folder, row.file));
        const whole = "box_x" in row ? given : squareOf(truth);
        const box = resolveBox(picture, whole);
        const side = Math.round(MARGIN * Math.max(whole.width, whole.height));
        const left = Math.round(whole.x + whole.width / 2 - side / 2);
        const top = Math.round(whole.y + whole.height / 2 - side / 2);
        return { source: row.source, truth, picture: { ...picture, box }, box, region: { left, top, side } };
      }),
  );
}

/** The region, its part beyond the photo filled with the photo's border, enlarged. */
async function enlarged({ picture: { data, width, height }, region }: Trial): Promise<Picture> {
  const { left, top, side } = region;
  const beyond = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    right: Math.max(0, left + side - width),
    bottom: Math.max(0, top + side - height),
  };
  const raw = { width, height, channels: 3 } as const;
  const framed = await sharp(data as Uint8Array, { raw })
    .extend({ ...beyond, extendWith: "copy" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = await sharp(framed.data, {
    raw: { width: framed.info.width, height: framed.info.height, channels: 3 },
  })
    .extract({ left: left + beyond.left, top: top + beyond.top, width: side, height: side })
    .resize(ENLARGED, ENLARGED, { kernel: "cubic" })
    .raw()
    .toBuffer();
  return { data: pixels, width: ENLARGED, height: ENLARGED, format: "rgb" };
}

/** What contenders are given of some faces. */
export async function layFaces(
  name: string,
  trials: readonly Trial[],
  given: Reader["given"],
): Promise<Part> {
  const pictures =
    given === "box" ? trials.map(({ picture }) => picture) : await Promise.all(trials.map(enlarged));
  return lay(`${name}-${given}`, pictures);
}

const middle = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x / 5, 0),
  y: points.reduce((sum, { y }) => sum + y / 5, 0),
});

/** The points of the face that is nearest to the labelled one, in pixels of the photo, if its middle lies between the labelled points. */
function pointsOf(found: readonly Found[], { truth, region }: Trial, given: Reader["given"]) {
  const scale = region.side / ENLARGED;
  const inPhoto = ({ x, y }: Point) =>
    given === "box" ? { x, y } : { x: region.left + scale * x, y: region.top + scale * y };
  const { x, y, width } = squareOf(truth);
  const [cx, cy, reach] = [x + width / 2, y + width / 2, width / EXTENTS / 2];
  const off = (points: readonly Point[]) => {
    const at = middle(points);
    return Math.hypot(at.x - cx, at.y - cy);
  };
  const [nearest] = found.map(({ points }) => points!.map(inPhoto)).sort((a, b) => off(a) - off(b));
  return nearest && (given === "box" || off(nearest) <= reach) ? nearest : undefined;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

interface Figures {
  readonly raw: number;
  readonly debiased: number;
  readonly missed: number;
}

const names = SETS.map(({ name }) => name);

export interface Measured {
  /** By contender and set; errors are those of the faces that all contenders found. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, Figures>>>>;
  /** By set: the faces that were shown, and those that all found. */
  readonly counts: Readonly<Record<string, { readonly shown: number; readonly compared: number }>>;
}

export function measure(sets: readonly (readonly Trial[])[]): Measured {
  const keys = Object.keys(LANDMARKS);
  const figures: Record<string, Record<string, Figures>> = Object.fromEntries(keys.map((key) => [key, {}]));
  const counts: Record<string, { shown: number; compared: number }> = {};
  const answers = keys.map((key) => readAnswers("landmarks", key).found);
  let first = 0;
  for (const [s, trials] of sets.entries()) {
    const points = keys.map((key, k) =>
      trials.map((trial, i) => pointsOf(answers[k]![first + i]!, trial, LANDMARKS[key]!.given)),
    );
    const isCommon = trials.map((_, i) => points.every((own) => own[i]));
    const common = trials.filter((_, i) => isCommon[i]);
    const sources = common.map(({ source }) => source);
    counts[names[s]!] = { shown: trials.length, compared: common.length };
    for (const [k, key] of keys.entries()) {
      const found = points[k]!.filter((_, i) => isCommon[i]);
      const off: Offsets[] = common.map(({ truth, box }, i) =>
        offsets(relativePoints(found[i]!, box), relativePoints(truth, box)),
      );
      figures[key]![names[s]!] = {
        raw: mean(off.map(faceError)),
        debiased: mean(debias(off, sources).map(faceError)),
        missed: points[k]!.filter((own) => !own).length,
      };
    }
    first += trials.length;
  }
  return { figures, counts };
}

/** The tables of weights/MODEL_CARD.md: errors, and who missed how many faces. */
export function landmarksTables({ figures, counts }: Measured, times: Times | undefined): string {
  const errors = (kind: "raw" | "debiased") =>
    Object.entries(LANDMARKS).map(([key, { name, home = [] }]) => [
      name,
      ...names.map((set) => {
        const error = figures[key]![set]![kind].toFixed(4);
        return home.includes(set) ? `*${error}*` : error;
      }),
    ]);
  const sizes = Object.keys(LANDMARKS).map((key) => [
    (readAnswers("landmarks", key).bytes / 1000).toFixed(0),
    ...(times ? [times.ms[key]?.toFixed(2) ?? ""] : []),
  ]);
  const missed = Object.entries(LANDMARKS).filter(([, { given }]) => given === "region");
  return [
    markdownTable(
      ["debiased", ...names, "models, KB", ...(times ? ["ms per face"] : [])],
      errors("debiased").map((row, i) => [...row, ...sizes[i]!]),
    ),
    markdownTable(["raw", ...names], errors("raw")),
    markdownTable(
      ["faces", ...names],
      [
        ["shown", ...names.map((set) => counts[set]!.shown)],
        ...missed.map(([key, { name }]) => [
          `missed by ${name}`,
          ...names.map((set) => figures[key]![set]!.missed),
        ]),
        ["found by all, and compared", ...names.map((set) => counts[set]!.compared)],
      ],
    ),
    versions("landmarks", Object.keys(LANDMARKS), times),
  ].join("\n\n");
}
