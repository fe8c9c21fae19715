/** `fivepoint detect`: five points for each face of each image. */
import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Box } from "fivepoint";
import { pMapIterable } from "p-map";
import { FACE_MIN_SCORE, LEAST_SIDE, MOST_SIDE } from "../../core/finder/options.ts";
import { BoxTable } from "../box-table.ts";
import { isFolder } from "../files.ts";
import { findImages, type Input } from "../images.ts";
import { type ModelOptions, modelOptions } from "../model.ts";
import { parseBox, parseCount, parsePasses, parsePositive, parseShare } from "../options.ts";
import { Report } from "../report.ts";
import { failure, type Job, type JobOptions, type Outcome, openJobs } from "./job.ts";
import { FORMATS, type Format, type FormatName } from "./print.ts";
import { Processes } from "./processes.ts";
import { planTargets } from "./targets.ts";

interface Options extends ModelOptions {
  box?: Box[];
  boxes?: string;
  whole?: true;
  detector?: "face-api";
  expand: number;
  refine?: true | number;
  maxSide?: number;
  minScore?: number;
  requireFace?: true;
  format: FormatName;
  json?: true;
  csv?: true;
  quiet?: true;
  out?: string;
  scale?: number;
  align?: string;
}

/** Adds the command to the program. */
export function registerDetect(program: Command): void {
  const command = program
    .command("detect")
    .summary("Find faces in images, and five points in each")
    .description("Finds the faces in images, and the eyes, nose tip and mouth corners of each.")
    .argument("<image...>", "Images, folders of images, globs; - reads an image from standard input")
    .optionsGroup("Which faces:")
    .addOption(
      new Option("--box <x,y,w,h>", "A face's box, in pixels of the upright image; repeat it for more faces")
        .argParser((text, boxes: Box[] = []) => [...boxes, parseBox(text)])
        .conflicts(["boxes", "whole", "detector"]),
    )
    .addOption(
      new Option(
        "--boxes <csv>",
        "Read the boxes from a CSV file with the columns file,x,y,width,height, one row per face",
      ).conflicts(["whole", "detector"]),
    )
    .addOption(new Option("--whole", "Take each image as a whole for one face").conflicts("detector"))
    .addOption(
      new Option("--detector <name>", "Find the faces with the detector of another package").choices([
        "face-api",
      ]),
    )
    .addOption(
      new Option(
        "--max-side <pixels>",
        "Look for faces in the image shrunk to this size: a larger one finds smaller faces, and takes longer (default: 320)",
      )
        .argParser(parseSide)
        .conflicts(["box", "boxes", "whole", "detector"]),
    )
    .addOption(
      new Option(
        "--expand <factor>",
        "Enlarge each box about its centre, whether it was given or came from --detector",
      )
        .default(1)
        .argParser(parsePositive),
    )
    .addOption(
      new Option(
        "--refine [passes]",
        "Read each face again, upright and in the best box: once, or until its points settle, at most 3 times",
      ).argParser(parsePasses),
    )
    .addOption(
      new Option(
        "--min-score <score>",
        `Leave out faces with a lower score (default: ${FACE_MIN_SCORE} if the faces are found, 0 if boxes are given)`,
      ).argParser(parseShare),
    )
    .option("--require-face", "Treat an image without a face as failed")
    .optionsGroup("Output:")
    .addOption(
      new Option("--format <name>", "How to print the results: see below")
        .choices(Object.keys(FORMATS))
        .default("line")
        .conflicts(["json", "csv"]),
    )
    .addOption(new Option("--json", "Short for --format json").conflicts("csv"))
    .option("--csv", "Short for --format csv")
    .option("-q, --quiet", "Print results and errors only: no progress bar, no notes")
    .option("--out <path>", "Draw the points: a file for one image, a folder/ for several")
    .addOption(
      new Option(
        "--scale <factor>",
        "Enlarge the drawings by this factor, at most 16 (default: 1, so that pixels in the drawing match the results)",
      ).argParser(parseScale),
    )
    .option(
      "--align <path>",
      "Save each face upright at 112×112: a file for one image, a folder/ for several; several faces become name-1, name-2, …",
    )
    .optionsGroup("Network:")
    .addHelpText("after", HELP);
  modelOptions(command).action(detect);
}

function parseSide(text: string): number {
  const side = parseCount(text);
  if (side < LEAST_SIDE || side > MOST_SIDE)
    throw new InvalidArgumentError(`Expected ${LEAST_SIDE} to ${MOST_SIDE}, but found "${text}".`);
  return side;
}

function parseScale(text: string): number {
  const scale = parsePositive(text);
  if (scale > 16) throw new InvalidArgumentError(`Expected at most 16, but found "${text}".`);
  return scale;
}

const HELP = `
Boxes and points are in pixels of the upright image, the way a viewer shows it:
after its EXIF orientation is applied. Without --box, --boxes, --whole and
--detector, fivepoint finds the faces itself, best first. It then chooses the
boxes and reads each face twice, whatever --expand and --refine say.

Formats:
  line  A line per face, separated by tabs: image, number, score, box, points
  text  A block per face, a line per point
  json  A JSON object per face, or for an image without one or that failed;
        fivepoint/result.schema.json describes them
  csv   A row per face; --boxes reads such a file again
Line and text round to 0.1 pixels.

Results go to standard output, everything else to standard error. An image
without a face hasn't failed, unless you say --require-face. Exit status: 0 if
all was done, 1 if some input failed (the rest is done), 2 for wrong usage.

Examples:
  Find the faces in a photo:
    fivepoint detect photo.jpg
  Draw the points, twice as large as the photo:
    fivepoint detect photo.jpg --out points.png --scale 2
  Read all images below a folder:
    fivepoint detect photos/ --format json --quiet > faces.jsonl
  Read the face in a box that you know:
    fivepoint detect photo.jpg --box 140,67,106,112
  Find small faces in a large photo, too:
    fivepoint detect photo.jpg --max-side 1280
  Save aligned faces, in boxes from another detector's list:
    fivepoint detect photos/ --boxes boxes.csv --align chips/
  Read an image from standard input:
    curl -s https://example.com/photo.jpg | fivepoint detect -`;

/** So many images are worth a process: it takes a tenth of a second to start. */
const IMAGES_PER_PROCESS = 48;

async function detect(args: string[], options: Options): Promise<void> {
  if (options.scale !== undefined && options.out === undefined)
    throw new InvalidArgumentError("--scale enlarges drawings: name one with --out, too.");
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

  const report = new Report(inputs.length, "images", options.quiet);
  const { header, print }: Format = FORMATS[options.json ? "json" : options.csv ? "csv" : options.format];
  if (header !== undefined) await report.line(header);
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
  if (listed?.unused) report.note(`${options.boxes}: ${listed.unused} of its files are not among the images`);
  if (below > 0) report.note(`Faces left out for a score below ${options.minScore}: ${below}`);
}
