/** `fivepoint detect`: five points for each face of each image. */
import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { type Box, LANDMARK_NAMES } from "fivepoint";
import { pMapIterable } from "p-map";
import { BoxTable } from "../box-table.ts";
import { isFolder } from "../files.ts";
import { findImages, type Input } from "../images.ts";
import { type ModelOptions, modelOptions } from "../model.ts";
import { parseBox, parsePasses, parsePositive, parseShare } from "../options.ts";
import { Report } from "../report.ts";
import { failure, isEmpty, type Job, type JobOptions, NO_FACE, type Outcome, openJobs } from "./job.ts";
import { Processes } from "./processes.ts";
import { planTargets } from "./targets.ts";

interface Options extends ModelOptions {
  box?: Box[];
  boxes?: string;
  whole?: true;
  detector?: "face-api";
  expand: number;
  refine?: true | number;
  minScore?: number;
  requireFace?: true;
  json?: true;
  csv?: true;
  out?: string;
  align?: string;
}

/** Adds the command to the program. */
export function registerDetect(program: Command): void {
  const command = program
    .command("detect")
    .description("find five points in each face of each image")
    .argument("<image...>", "images, folders of images, globs")
    .addOption(
      new Option("--box <x,y,w,h>", "a face's box in pixels; may be repeated")
        .argParser((text, boxes: Box[] = []) => [...boxes, parseBox(text)])
        .conflicts(["boxes", "whole", "detector"]),
    )
    .addOption(
      new Option(
        "--boxes <csv>",
        "boxes from a CSV file: file,x,y,width,height, one line per face",
      ).conflicts(["whole", "detector"]),
    )
    .addOption(new Option("--whole", "take each image as a whole for one face").conflicts("detector"))
    .addOption(
      new Option("--detector <name>", "find the faces with another package's detector").choices(["face-api"]),
    )
    .addOption(
      new Option(
        "--expand <factor>",
        "enlarge each box that is given, or the other detector's, about its centre",
      )
        .default(1)
        .argParser(parsePositive),
    )
    .addOption(
      new Option(
        "--refine [passes]",
        "read each face again, upright and in the best box: once, or until its points settle, at most 3 times",
      ).argParser(parsePasses),
    )
    .addOption(
      new Option(
        "--min-score <score>",
        "leave out faces with a lower score (default: 0.5 without boxes, else 0)",
      ).argParser(parseShare),
    )
    .option("--require-face", "count an image without a face as failed")
    .addOption(new Option("--json", "print JSON, one object per line").conflicts("csv"))
    .option("--csv", "print CSV")
    .option("--out <path>", "draw the points: a file for one image, a folder/ for several")
    .option(
      "--align <path>",
      "save each face upright, 112×112: a file for one image, a folder/ for several; of several faces name-1, name-2 …",
    )
    .addHelpText("after", HELP);
  modelOptions(command).action(detect);
}

const HELP = `
Boxes and points are in pixels of the image as it is seen: upright, after its EXIF orientation is applied.
Without boxes the faces are found, best first, and read twice in boxes that suit them, whatever --expand and --refine
say. An image without a face is no failure: a line says so, with --json {"image": …, "faces": 0}.`;

/** So many images are worth a process: it takes a tenth of a second to start. */
const IMAGES_PER_PROCESS = 48;

async function detect(args: string[], options: Options): Promise<void> {
  const located = options.box || options.boxes !== undefined || options.whole;
  const detector = located ? undefined : (options.detector ?? "finder");
  const inputs = await findImages(args);
  const paths = inputs.map(({ path }) => path);
  const listed = options.boxes === undefined ? undefined : (await BoxTable.read(options.boxes)).assign(paths);
  const boxesOf = (path: string) => (listed ? listed.boxes.get(path)! : options.box);
  const targetsOf = await planTargets(
    paths,
    inputs.length > 1 || (await isFolder(args[0]!)),
    options,
    [options.boxes, options.weights],
    (path) => {
      const boxes = boxesOf(path);
      return boxes instanceof Error ? 0 : (boxes?.length ?? (detector ? Number.POSITIVE_INFINITY : 1));
    },
  );
  const cores = availableParallelism();
  const count = Math.min(cores, Math.floor(inputs.length / IMAGES_PER_PROCESS));
  const settings: JobOptions = { ...options, detector };
  const processes = count > 1 ? await Processes.start(count, settings) : undefined;
  const run = processes ? (job: Job) => processes.run(job) : await openJobs(settings);

  const work = ({ path, error }: Input): Outcome | Promise<Outcome> => {
    if (error) return failure(path, error);
    const boxes = boxesOf(path);
    if (boxes instanceof Error) return failure(path, boxes.message);
    return run({ path, boxes, targets: targetsOf(path) });
  };

  const report = new Report(inputs.length, "images");
  const print = options.json ? printJson : options.csv ? printCsv : printText;
  if (options.csv) await report.line(CSV_HEADER);
  const concurrency = processes ? count : cores;
  let below = 0;
  try {
    // Twice as many may wait for a slow one before them, so that it holds nobody up; never all of them.
    for await (const outcome of pMapIterable(inputs, work, { concurrency, backpressure: 2 * concurrency })) {
      if (outcome.errors.length > 0) process.exitCode = 1;
      below += outcome.below;
      await print(report, outcome);
      report.advance();
    }
  } finally {
    report.end();
    processes?.stop();
  }
  if (listed?.unused) report.warn(`${options.boxes}: ${listed.unused} of its files are not among the images`);
  if (below > 0) report.warn(`Faces left out for a score below ${options.minScore}: ${below}`);
}

async function printJson(report: Report, outcome: Outcome): Promise<void> {
  const { path, faces, errors } = outcome;
  for (const { box, points, normalized, score } of faces) {
    const pairs = points.map(({ x, y }) => [x, y]);
    await report.line(
      JSON.stringify({ image: path, box, points: pairs, normalized: [...normalized], score }),
    );
  }
  for (const error of errors) await report.line(JSON.stringify({ image: path, error }));
  if (isEmpty(outcome)) await report.line(JSON.stringify({ image: path, faces: 0 }));
}

const CSV_HEADER = "image,box_x,box_y,box_w,box_h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,score";

async function printCsv(report: Report, outcome: Outcome): Promise<void> {
  const { path, faces } = outcome;
  for (const { box, points, score } of faces) {
    const numbers = [box.x, box.y, box.width, box.height, ...points.flatMap(({ x, y }) => [x, y]), score];
    await report.line(stringify([[path, ...numbers]], { eof: false }));
  }
  warn(report, outcome);
}

/** Several faces have the numbers that they have in the drawing and in the names of aligned faces. */
async function printText(report: Report, outcome: Outcome): Promise<void> {
  const { path, size, faces } = outcome;
  if (faces.length > 0) await report.line(`${path}, ${size}`);
  for (const [face, { box, points, score }] of faces.entries()) {
    const name = faces.length > 1 ? `face ${face + 1}:` : "face";
    const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((v) => Number(v.toFixed(1)));
    await report.line(`  ${name} ${width}×${height} at ${x}, ${y}, score ${score.toFixed(2)}`);
    for (const [i, { x, y }] of points.entries()) {
      await report.line(
        `    ${i + 1} ${LANDMARK_NAMES[i]!.padEnd(10)} ${x.toFixed(1).padStart(8)} ${y.toFixed(1).padStart(8)}`,
      );
    }
  }
  warn(report, outcome);
}

/** What text and CSV have no place for. */
function warn(report: Report, outcome: Outcome): void {
  const { path, errors } = outcome;
  for (const line of isEmpty(outcome) ? [NO_FACE] : errors) report.warn(`${path}: ${line}`);
}
