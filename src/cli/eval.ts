/** `fivepoint eval`: errors on labelled faces, through the kernels that ship. */
import { availableParallelism } from "node:os";
import { basename, extname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { type Box, LANDMARK_NAMES, type Landmarker, type Precision } from "fivepoint";
import { pMapIterable } from "p-map";
import { lineChart } from "./chart.ts";
import { applyCondition, type Condition, describe, type Trial } from "./conditions.ts";
import { contactSheet, type Sample } from "./contact-sheet.ts";
import { type LabelledFace, readDataset } from "./dataset.ts";
import { formatOf, type RgbImage, readImage } from "./images.ts";
import {
  debias,
  faceError,
  LIMIT,
  type Offsets,
  offsets,
  relativePoints,
  type Summary,
  summarise,
} from "./metrics.ts";
import { openLandmarker } from "./model.ts";
import { Report, writeWhole } from "./output.ts";
import { loadSharp } from "./sharp.ts";

interface Options {
  images?: string;
  boxes?: string;
  weights: string[];
  precision: Precision[];
  boxFrom?: Condition["boxFrom"][];
  boxScale: number[];
  rotate?: number[];
  json?: true;
  plot?: string;
  predictions?: string;
  worst?: number;
  out?: string;
}

/** Adds the command to the program. */
export function registerEval(program: Command): void {
  program
    .command("eval")
    .description("measure the error on labelled faces")
    .argument(
      "<dataset.csv>",
      "file, x0,y0 … x4,y4, optionally source and a box; or VGGFace2's landmark list",
    )
    .option("--images <folder>", "where the images are (default: beside the list)")
    .option("--boxes <csv>", "boxes from another list, such as VGGFace2's loose_bb_test.csv")
    .addOption(
      new Option("--weights <files>", "weights files to compare, comma-separated; default: the embedded ones")
        .argParser(list(parseName))
        .default(["default"], "default"),
    )
    .addOption(
      new Option("--precision <types>", "f32, int8 or both, comma-separated")
        .argParser(list(parsePrecision))
        .default(["f32"], "f32"),
    )
    .addOption(
      new Option(
        "--box-from <source>",
        "given, or points:<k>: a square of k times the true points' extent, moved up by 5 % of its side; comma-separated",
      ).argParser(parseBoxSources),
    )
    .addOption(
      new Option("--box-scale <factors>", "multiply each box about its centre; comma-separated")
        .argParser(list(parsePositive))
        .default([1], "1"),
    )
    .addOption(
      new Option(
        "--rotate <degrees>",
        "rotate each image about its face, counter-clockwise; comma-separated; boxes are then points:2.2 unless --box-from is given",
      ).argParser(list(parseNumber)),
    )
    .option("--json", "print a JSON object for each condition and weights file")
    .option("--plot <ced.svg>", "draw the cumulative error curves")
    .option("--predictions <csv>", "save every prediction")
    .addOption(
      new Option(
        "--worst <count>",
        "draw the worst faces of the first weights and condition; needs --out",
      ).argParser(parseCount),
    )
    .option("--out <sheet.png>", "where --worst draws: true points green, predicted red")
    .addHelpText("after", HELP)
    .action(evaluate);
}

const HELP = `
The error of a face is the mean distance of its five points from the true ones, divided by the distance of the true
eyes, with points taken relative to the box (Open Model Zoo's normed error). Debiased: after the mean offset by source
and point is removed. Failures are faces above 0.1; AUC is the area under the cumulative error curve up to 0.1.

VGGFace2:  fivepoint eval loose_landmark_test.csv --boxes loose_bb_test.csv --images test`;

/** Parses a comma-separated list. */
function list<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => text.split(",").map((item) => parse(item.trim()));
}

function parseNumber(text: string): number {
  const value = text ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`Expected numbers, but found "${text}".`);
}

function parseName(text: string): string {
  if (text) return text;
  throw new InvalidArgumentError("Expected names without gaps between the commas.");
}

function parsePositive(text: string): number {
  const value = parseNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError(`Expected numbers above 0, but found "${text}".`);
}

function parseCount(text: string): number {
  const value = parseNumber(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a whole number above 0.");
}

function parsePrecision(text: string): Precision {
  if (text === "f32" || text === "int8") return text;
  throw new InvalidArgumentError("Allowed choices are f32, int8.");
}

function parseBoxSources(text: string): Condition["boxFrom"][] {
  if (text === "given") return [text];
  if (text.startsWith("points:")) return list(parsePositive)(text.slice(7));
  throw new InvalidArgumentError('Expected "given" or "points:<k>[,<k>…]", like points:2.7.');
}

interface Network {
  readonly name: string;
  readonly landmarker: Landmarker;
}

/** What one network answered under one condition, face by face. */
interface Run {
  readonly network: Network;
  readonly condition: Condition;
  readonly faces: LabelledFace[];
  readonly offsets: Offsets[];
}

async function evaluate(dataset: string, options: Options): Promise<void> {
  const { worst, out } = options;
  if ((worst === undefined) !== (out === undefined)) {
    throw new InvalidArgumentError("--worst and --out belong together.");
  }
  if (out !== undefined && !formatOf(out)) {
    throw new InvalidArgumentError(`--out ${out}: expected a name that ends in .png, .jpg, .webp or .avif.`);
  }
  const faces = await readDataset(dataset, options.images, options.boxes);
  const conditions = listConditions(options);
  if (conditions.some(({ boxFrom }) => boxFrom === "given") && faces.every(({ box }) => !box)) {
    throw new InvalidArgumentError(
      `${dataset} gives no boxes: name a list of them by --boxes, or use --box-from points:<k>.`,
    );
  }
  const networks = await openNetworks(options);
  await loadSharp();

  const runs = conditions.flatMap((condition) =>
    networks.map((network): Run => ({ network, condition, faces: [], offsets: [] })),
  );
  const predictions: (string | number)[][] = [PREDICTIONS_HEADER];
  const report = new Report(faces.length, "faces");
  const concurrency = availableParallelism();
  for await (const judged of pMapIterable(byImage(faces), (group) => judge(group, runs), { concurrency })) {
    for (const { face, answers, error } of judged) {
      report.advance();
      if (error !== undefined) {
        process.exitCode = 1;
        if (options.json) await report.line(JSON.stringify({ image: face.file, error }));
        else report.warn(`${face.file}: ${error}`);
      }
      answers.forEach(({ box, normalized, offsets }, i) => {
        const { network, condition, faces, offsets: all } = runs[i]!;
        faces.push(face);
        all.push(offsets);
        if (!options.predictions) return;
        const where = [box.x, box.y, box.width, box.height];
        predictions.push([
          network.name,
          describe(condition),
          face.file,
          ...where,
          ...normalized,
          faceError(offsets),
        ]);
      });
    }
  }
  report.end();
  if (runs[0]!.faces.length === 0) throw new Error(`${dataset}: no face could be read.`);

  const ranked = rank(runs[0]!, worst ?? 0);
  await (options.json ? printJson : printText)(report, runs, ranked);
  if (options.predictions) await writeWhole(options.predictions, stringify(predictions));
  if (options.plot) await writeWhole(options.plot, plotErrors(basename(dataset), runs));
  if (out !== undefined)
    await writeWhole(out, await contactSheet(await samples(runs[0]!, ranked), formatOf(out)!));
}

function byImage(faces: readonly LabelledFace[]): Iterable<LabelledFace[]> {
  const groups = new Map<string, LabelledFace[]>();
  for (const face of faces) {
    const group = groups.get(face.path);
    if (group) group.push(face);
    else groups.set(face.path, [face]);
  }
  return groups.values();
}

const PREDICTIONS_HEADER = [
  ...["weights", "condition", "file", "box_x", "box_y", "box_w", "box_h"],
  ...["x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4", "error"],
];

function listConditions({ boxFrom, boxScale, rotate }: Options): Condition[] {
  const sources = boxFrom ?? [rotate ? 2.2 : "given"];
  return sources.flatMap((boxFrom) =>
    boxScale.flatMap((boxScale) => (rotate ?? [0]).map((rotate) => ({ boxFrom, boxScale, rotate }))),
  );
}

async function openNetworks({ weights, precision }: Options): Promise<Network[]> {
  const networks: Network[] = [];
  for (const file of weights) {
    for (const arithmetic of precision) {
      const name = basename(file, extname(file)) + (precision.length > 1 ? ` ${arithmetic}` : "");
      const options = { precision: arithmetic, ...(file !== "default" && { weights: file }) };
      networks.push({ name, landmarker: await openLandmarker(options) });
    }
  }
  return networks;
}

interface Answer {
  readonly box: Box;
  readonly normalized: Float32Array;
  readonly offsets: Offsets;
}

/** A face with an answer per run, or with none and why. */
interface Judged {
  readonly face: LabelledFace;
  readonly answers: readonly Answer[];
  readonly error?: string;
}

/** Puts the faces of one image through every run. A face that fails one is left out of all. */
async function judge(faces: readonly LabelledFace[], runs: readonly Run[]): Promise<Judged[]> {
  let image: RgbImage;
  try {
    image = await readImage(faces[0]!.path);
  } catch (error) {
    return faces.map((face) => ({ face, answers: [], error: (error as Error).message }));
  }
  return faces.map((face) => {
    try {
      return { face, answers: runs.map((run) => ask(run, applyCondition(image, face, run.condition))) };
    } catch (error) {
      return { face, answers: [], error: (error as Error).message };
    }
  });
}

function ask({ network, condition }: Run, { image, box, points }: Trial): Answer {
  const found = network.landmarker.detect(image, box, { expand: condition.boxScale });
  const { normalized } = found;
  return { box: found.box, normalized, offsets: offsets(normalized, relativePoints(points, found.box)) };
}

/** The worst faces of a run. */
function rank({ faces, offsets }: Run, count: number): { face: LabelledFace; error: number }[] {
  return faces
    .map((face, i) => ({ face, error: faceError(offsets[i]!) }))
    .sort((a, b) => b.error - a.error)
    .slice(0, count);
}

/** Reads faces again, to draw them. */
async function samples({ network, condition }: Run, ranked: ReturnType<typeof rank>): Promise<Sample[]> {
  const drawn: Sample[] = [];
  for (const { face, error } of ranked) {
    const { image, box, points } = applyCondition(await readImage(face.path), face, condition);
    const found = network.landmarker.detect(image, box, { expand: condition.boxScale });
    drawn.push({ image, box: found.box, truth: points, predicted: found.points, error });
  }
  return drawn;
}

/** Cumulative error curves: how many of the faces have at most an error. */
function plotErrors(dataset: string, runs: readonly Run[]): string {
  const conditions = new Set(runs.map(({ condition }) => condition)).size;
  const series = runs.map(({ network, condition, offsets }) => {
    const errors = offsets.map(faceError).sort((a, b) => a - b);
    const points: [number, number][] = [];
    for (let i = 0, below = 0; i <= 400; i++) {
      const limit = (i / 400) * 2 * LIMIT;
      while (below < errors.length && errors[below]! <= limit) below++;
      points.push([limit, below / errors.length]);
    }
    const where = conditions > 1 ? `, ${describe(condition)}` : "";
    return { name: `${network.name}${where}: AUC@${LIMIT} ${summarise(offsets).auc.toFixed(3)}`, points };
  });
  return lineChart(
    `Cumulative error, ${dataset}, ${runs[0]!.faces.length} faces`,
    { label: "normed error", domain: [0, 2 * LIMIT], format: ".2f" },
    { label: "faces with at most this error", domain: [0, 1], format: ".0%" },
    series,
  );
}

interface Scores {
  readonly raw: Summary;
  readonly debiased: Summary;
}

/** The scores of all faces and of each source. */
function score({ faces, offsets }: Run): { all: Scores; sources: Map<string, Scores> } {
  const names = faces.map(({ source }) => source);
  const debiased = debias(offsets, names);
  const part = (keep: (name: string) => boolean): Scores => ({
    raw: summarise(offsets.filter((_, i) => keep(names[i]!))),
    debiased: summarise(debiased.filter((_, i) => keep(names[i]!))),
  });
  const sources = [...new Set(names)].map((source) => [source, part((name) => name === source)] as const);
  return { all: part(() => true), sources: new Map(sources) };
}

async function printJson(
  report: Report,
  runs: readonly Run[],
  ranked: ReturnType<typeof rank>,
): Promise<void> {
  for (const [i, run] of runs.entries()) {
    const { all, sources } = score(run);
    const { boxFrom, boxScale, rotate } = run.condition;
    const line = {
      weights: run.network.name,
      info: run.network.landmarker.info,
      condition: { boxFrom: boxFrom === "given" ? boxFrom : `points:${boxFrom}`, boxScale, rotate },
      ...all,
      sources: Object.fromEntries(sources),
      ...(i === 0 &&
        ranked.length > 0 && { worst: ranked.map(({ face, error }) => ({ file: face.file, error })) }),
    };
    await report.line(JSON.stringify(line));
  }
}

async function printText(
  report: Report,
  runs: readonly Run[],
  ranked: ReturnType<typeof rank>,
): Promise<void> {
  const width = Math.max(12, ...runs.map(({ network }) => network.name.length));
  let condition: Condition | undefined;
  for (const run of runs) {
    if (run.condition !== condition) {
      if (condition) await report.line("");
      condition = run.condition;
      await report.line(describe(condition));
      const points = LANDMARK_NAMES.map((name) => name.padStart(11)).join("");
      await report.line(`${"".padEnd(width)}  faces     raw  debiased  > ${LIMIT}  AUC@${LIMIT}${points}`);
    }
    const { all, sources } = score(run);
    await report.line(tableRow(run.network.name.padEnd(width), all));
    if (sources.size < 2) continue;
    for (const [source, scores] of sources) await report.line(tableRow(`  ${source}`.padEnd(width), scores));
  }
  for (const [i, { face, error }] of ranked.entries()) {
    if (i === 0) await report.line(`\nworst of ${runs[0]!.network.name}`);
    await report.line(`${String(i + 1).padStart(4)}  ${error.toFixed(4)}  ${face.file}`);
  }
}

function tableRow(name: string, { raw, debiased }: Scores): string {
  const failures = `${(100 * raw.failureRate).toFixed(1)} %`;
  return [
    name,
    String(raw.faces).padStart(7),
    raw.mean.toFixed(4).padStart(8),
    debiased.mean.toFixed(4).padStart(10),
    failures.padStart(7),
    raw.auc.toFixed(3).padStart(9),
    ...raw.points.map((error) => error.toFixed(4).padStart(11)),
  ].join("");
}
