/** `fivepoint detect`: five points for each face of each image. */
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { type Box, LANDMARK_NAMES } from "fivepoint";
import { pMapIterable } from "p-map";
import { BoxTable, parseBox } from "./boxes.ts";
import { findImages, formatOf, type Input } from "./images.ts";
import { failure, type Job, type Outcome, openJobs } from "./job.ts";
import { type ModelOptions, modelOptions } from "./model.ts";
import { Report } from "./output.ts";
import { Workers } from "./workers.ts";

interface Options extends ModelOptions {
  box?: Box[];
  boxes?: string;
  detector?: string;
  expand: number;
  verify?: true;
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
        .conflicts(["boxes", "detector"]),
    )
    .addOption(
      new Option(
        "--boxes <csv>",
        "boxes from a CSV file: file,x,y,width,height, one line per face",
      ).conflicts("detector"),
    )
    .addOption(new Option("--detector <name>", "find the faces with another package").choices(["face-api"]))
    .addOption(
      new Option("--expand <factor>", "enlarge each box about its centre").default(1).argParser(parseFactor),
    )
    .option(
      "--verify",
      "score each face by a second, mirrored look: twice the time, but tells faces from other things",
    )
    .addOption(new Option("--json", "print JSON, one object per line").conflicts("csv"))
    .option("--csv", "print CSV")
    .option("--out <path>", "draw the points: a file for one image, a folder for several")
    .option("--align <path>", "save each face upright, 112×112: a file for one image, a folder for several")
    .addHelpText("after", "\nWithout a box the whole image is taken for the face.");
  modelOptions(command).action(detect);
}

function parseFactor(text: string): number {
  const factor = text.trim() ? Number(text) : Number.NaN;
  if (Number.isFinite(factor) && factor > 0) return factor;
  throw new InvalidArgumentError("Expected a number above 0.");
}

/** As many images are worth a process: it takes a tenth of a second to start. */
const IMAGES_PER_PROCESS = 48;

async function detect(args: string[], options: Options): Promise<void> {
  const inputs = await findImages(args);
  const several = inputs.length > 1 || (await isFolder(args[0]!));
  const drawings = await targets(options.out, "--out", inputs, several);
  const chips = await targets(options.align, "--align", inputs, several);
  const shared =
    drawings && chips && inputs.find(({ path }) => resolve(drawings(path)) === resolve(chips(path)));
  if (shared) {
    throw new InvalidArgumentError(
      `--out and --align: expected different places, but both write ${chips(shared.path)}.`,
    );
  }
  const boxes = options.boxes === undefined ? undefined : await BoxTable.read(options.boxes);
  const cores = availableParallelism();
  const processes = Math.min(cores, Math.floor(inputs.length / IMAGES_PER_PROCESS));
  const workers = processes > 1 ? await Workers.start(processes, options) : undefined;
  const run = workers ? (job: Job) => workers.run(job) : await openJobs(options);

  const work = ({ path, error }: Input): Outcome | Promise<Outcome> => {
    if (error) return failure(path, error);
    const listed = boxes ? boxes.of(path) : options.box;
    if (boxes && !listed) return failure(path, `no row of ${options.boxes} names this image`);
    return run({ path, boxes: listed, drawing: drawings?.(path), chip: chips?.(path) });
  };

  const report = new Report(inputs.length, "images");
  const print = options.json ? printJson : options.csv ? printCsv : printText;
  if (options.csv) await report.line(CSV_HEADER);
  const concurrency = workers ? processes : cores;
  // Twice as many may wait for a slow one before them, so that it holds nobody up; never all of them.
  for await (const outcome of pMapIterable(inputs, work, { concurrency, backpressure: 2 * concurrency })) {
    if (outcome.errors.length > 0) process.exitCode = 1;
    await print(report, outcome);
    report.advance();
  }
  report.end();
  workers?.stop();
  if (boxes?.unused) report.warn(`${options.boxes}: ${boxes.unused} of its files are not among the images`);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * Where the file made of each image goes. Of one image: the file that is named, or into the folder that is. Of
 * several: into the folder, by the same name below the folder that all have in common.
 * @throws InvalidArgumentError when that can't be, when an image would be overwritten or two would go into one file
 */
async function targets(
  out: string | undefined,
  flag: string,
  inputs: readonly Input[],
  several: boolean,
): Promise<((path: string) => string) | undefined> {
  if (out === undefined) return undefined;
  const folder = await isFolder(out);
  if (several && !folder && formatOf(out)) {
    throw new InvalidArgumentError(`${flag} ${out}: expected a folder, since there are several images.`);
  }
  if (!several && !folder && !formatOf(out)) {
    throw new InvalidArgumentError(
      `${flag} ${out}: expected a name that ends in .png, .jpg, .webp or .avif.`,
    );
  }
  const root = commonFolder(inputs.map(({ path }) => path));
  const target = (path: string) => {
    if (!several && !folder) return out;
    const name = join(out, relative(root, resolve(path)));
    return formatOf(name) ? name : `${name}.png`;
  };
  const images = new Set(inputs.map(({ path }) => resolve(path)));
  const taken = new Set<string>();
  for (const path of images) {
    const to = resolve(target(path));
    if (images.has(to)) throw new InvalidArgumentError(`${flag} ${out}: would overwrite the image ${to}.`);
    // As of `a.tiff`, drawn as a.tiff.png, and `a.tiff.png`.
    if (taken.has(to))
      throw new InvalidArgumentError(`${flag} ${out}: two images would be written to ${to}.`);
    taken.add(to);
  }
  return target;
}

function commonFolder(paths: readonly string[]): string {
  let root = dirname(resolve(paths[0]!));
  for (const path of paths) {
    while (relative(root, resolve(path)).startsWith("..")) root = dirname(root);
  }
  return root;
}

async function printJson(report: Report, { path, faces, errors }: Outcome): Promise<void> {
  for (const { box, points, normalized, score } of faces) {
    const pairs = points.map(({ x, y }) => [x, y]);
    await report.line(
      JSON.stringify({ image: path, box, points: pairs, normalized: [...normalized], score }),
    );
  }
  for (const error of errors) await report.line(JSON.stringify({ image: path, error }));
}

const CSV_HEADER = "image,box_x,box_y,box_w,box_h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,score";

async function printCsv(report: Report, { path, faces, errors }: Outcome): Promise<void> {
  for (const { box, points, score } of faces) {
    const numbers = [box.x, box.y, box.width, box.height, ...points.flatMap(({ x, y }) => [x, y]), score];
    await report.line(stringify([[path, ...numbers]], { eof: false }));
  }
  for (const error of errors) report.warn(`${path}: ${error}`);
}

async function printText(report: Report, { path, size, faces, errors }: Outcome): Promise<void> {
  if (faces.length > 0) await report.line(`${path}, ${size}`);
  for (const { box, points, score } of faces) {
    await report.line(`  face ${box.width}×${box.height} at ${box.x}, ${box.y}, score ${score.toFixed(2)}`);
    for (const [i, { x, y }] of points.entries()) {
      await report.line(
        `    ${i + 1} ${LANDMARK_NAMES[i]!.padEnd(12)} ${x.toFixed(1).padStart(8)} ${y.toFixed(1).padStart(8)}`,
      );
    }
  }
  for (const error of errors) report.warn(`${path}: ${error}`);
}
