/** `fivepoint eval`: errors on labelled faces, through the kernels that ship. */
import { basename, extname } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Precision } from "fivepoint";
import { checkChart } from "../chart.ts";
import { writeWhole } from "../files.ts";
import { formatOf, WRITTEN } from "../images.ts";
import { EMBEDDED, openLandmarker } from "../model.ts";
import { parseCount, parseList, parseNumber, parsePasses, parsePositive, parseShare } from "../options.ts";
import { OutputPlan } from "../outputs.ts";
import { Report } from "../report.ts";
import { loadSharp } from "../sharp.ts";
import type { Condition } from "./conditions.ts";
import { contactSheet } from "./contact-sheet.ts";
import { type LabelledFace, readDataset } from "./dataset.ts";
import { errorCurves, predictionsCsv, printJson, printText } from "./print.ts";
import { measureFaces, type Network, type Run, readSamples, worstFaces } from "./run.ts";

interface Options {
  images?: string;
  boxes?: string;
  weights: string[];
  precision: Precision[];
  boxFrom?: Condition["boxFrom"][];
  boxScale: number[];
  shift: number[];
  rotate?: number[];
  refine?: true | number;
  json?: true;
  quiet?: true;
  plot?: string;
  predictions?: string;
  worst?: number;
  out?: string;
}

/** Adds the command to the program. */
export function registerEval(program: Command): void {
  program
    .command("eval")
    .summary("Measure the error on labelled faces")
    .description("Measures how far the points are off on labelled faces, by the same code that detect runs.")
    .argument(
      "<dataset.csv>",
      "Columns file, x0,y0 … x4,y4, and optionally source and a box; or VGGFace2's list of landmarks",
    )
    .optionsGroup("Faces:")
    .option("--images <folder>", "Look for the images in this folder (default: the folder of the list)")
    .option("--boxes <csv>", "Take the boxes from another list, such as VGGFace2's loose_bb_test.csv")
    .optionsGroup("Networks to compare:")
    .addOption(
      new Option(
        "--weights <files>",
        "Weights files, comma-separated; default stands for the embedded weights",
      )
        .argParser(parseList(String))
        .default(["default"], "default"),
    )
    .addOption(
      new Option("--precision <types>", "Arithmetic: f32, int8 or both, comma-separated")
        .argParser(parseList(parsePrecision))
        .default(["f32"], "f32"),
    )
    .optionsGroup("Conditions, comma-separated (every combination is measured):")
    .addOption(
      new Option(
        "--box-from <source>",
        "Boxes: given, or points:<k> for a square of k times the extent of the true points, moved up by 5 % of its side",
      ).argParser(parseBoxSources),
    )
    .addOption(
      new Option("--box-scale <factors>", "Scale each box about its centre")
        .argParser(parseList(parsePositive))
        .default([1], "1"),
    )
    .addOption(
      new Option(
        "--shift <shares>",
        "Move each box by this share of its side, in a direction that differs from face to face",
      )
        .argParser(parseList(parseShare))
        .default([0], "0"),
    )
    .addOption(
      new Option(
        "--rotate <degrees>",
        "Rotate each image counter-clockwise about its face; --box-from is then points:2.2 unless it is given",
      ).argParser(parseList(parseNumber)),
    )
    .addOption(
      new Option(
        "--refine [passes]",
        "Measure each condition twice, the second time with faces read again: once, or up to 2 or 3 times",
      ).argParser(parsePasses),
    )
    .optionsGroup("Output:")
    .option("--json", "Print one JSON object for each condition and network")
    .option("-q, --quiet", "Print results and errors only: no progress bar")
    .option("--plot <ced.svg>", "Draw the cumulative error curves")
    .option("--predictions <csv>", "Save every prediction")
    .addOption(
      new Option(
        "--worst <count>",
        "Draw the faces with the largest errors, for the first network and condition; needs --out",
      ).argParser(parseCount),
    )
    .option("--out <sheet.png>", "Where --worst draws: true points green rings, predicted ones orange dots")
    .addHelpText("after", HELP)
    .action(evaluate);
}

const HELP = `
Normalized error: mean point error divided by the distance between the eyes,
both relative to the box (Open Model Zoo's "normed error"). Debiased: the same
after the mean offset of each point is removed, separately for each source.
Faces with an error above 0.1 count as failures; AUC is the area under the
cumulative error curve up to 0.1. Boxes and points are in pixels of the upright
image, the way a viewer shows it: after its EXIF orientation is applied.

Examples:
  Measure the embedded weights:
    fivepoint eval faces.csv
  Compare two weights files:
    fivepoint eval faces.csv --weights mine.safetensors,default
  Compare the arithmetics, and draw the curves:
    fivepoint eval faces.csv --precision f32,int8 --plot ced.svg
  See how much the boxes matter:
    fivepoint eval faces.csv --box-scale 0.8,1,1.25 --refine
  Look at the worst faces:
    fivepoint eval faces.csv --worst 20 --out sheet.png
  Measure on VGGFace2's test set:
    fivepoint eval loose_landmark_test.csv --boxes loose_bb_test.csv --images test`;

function parsePrecision(text: string): Precision {
  if (text === "f32" || text === "int8") return text;
  throw new InvalidArgumentError("Expected f32 or int8.");
}

function parseBoxSources(text: string): Condition["boxFrom"][] {
  if (text === "given") return [text];
  if (text.startsWith("points:")) return parseList(parsePositive)(text.slice(7));
  throw new InvalidArgumentError('Expected "given" or "points:<k>[,<k>…]", like points:2.7.');
}

async function evaluate(dataset: string, options: Options): Promise<void> {
  const conditions = listConditions(options);
  const faces = await readFaces(dataset, conditions, options);
  await checkOutputs(dataset, faces, options);
  const networks = await openNetworks(options);
  await loadSharp();

  const runs = conditions.flatMap((condition) =>
    networks.map((network): Run => ({ network, condition, faces: [], answers: [] })),
  );
  const report = new Report(faces.length, "faces", options.quiet);
  for await (const { face, error } of measureFaces(faces, runs)) {
    report.advance();
    if (error === undefined) continue;
    process.exitCode = 1;
    if (options.json) await report.line(JSON.stringify({ image: face.file, error }));
    else report.warn(`${face.file}: ${error}`);
  }
  report.end();
  const [first] = runs as [Run];
  if (first.faces.length === 0) throw new Error(`${dataset}: no face could be read.`);

  const { plot, predictions, worst, out } = options;
  const ranked = worstFaces(first, worst ?? 0);
  await (options.json ? printJson : printText)(report, runs, ranked);
  if (predictions !== undefined) await writeWhole(predictions, predictionsCsv(runs));
  if (plot !== undefined) await writeWhole(plot, errorCurves(basename(dataset), runs));
  if (out !== undefined)
    await writeWhole(out, await contactSheet(await readSamples(first, ranked), formatOf(out)!));
}

/** Every combination, those that come first changing last. */
function listConditions({ boxFrom, boxScale, shift, rotate, refine }: Options): Condition[] {
  const passes = refine === undefined ? [0] : [0, Number(refine)];
  const sources = boxFrom ?? [rotate ? 2.2 : "given"];
  return sources.flatMap((boxFrom) =>
    boxScale.flatMap((boxScale) =>
      shift.flatMap((shift) =>
        (rotate ?? [0]).flatMap((rotate) =>
          passes.map((refine) => ({ boxFrom, boxScale, shift, rotate, refine })),
        ),
      ),
    ),
  );
}

async function readFaces(
  dataset: string,
  conditions: readonly Condition[],
  { images, boxes }: Options,
): Promise<LabelledFace[]> {
  const given = conditions.some(({ boxFrom }) => boxFrom === "given");
  const source = !given ? "none" : boxes === undefined ? "list" : { from: boxes };
  const faces = await readDataset(dataset, images, source);
  if (given && faces.every(({ box }) => !box)) {
    throw new InvalidArgumentError(
      `${dataset} has no boxes: name a list of boxes with --boxes, or use --box-from points:<k>.`,
    );
  }
  return faces;
}

/** @throws InvalidArgumentError when an output can't be what it is named, or would replace an input or another */
async function checkOutputs(
  dataset: string,
  faces: readonly LabelledFace[],
  options: Options,
): Promise<void> {
  const { boxes, weights, plot, predictions, worst, out } = options;
  if ((worst === undefined) !== (out === undefined))
    throw new InvalidArgumentError("--worst and --out go together: give both or neither.");
  if (out !== undefined && !formatOf(out))
    throw new InvalidArgumentError(`--out ${out}: expected ${WRITTEN}.`);
  checkChart("--plot", plot);
  const plan = new OutputPlan();
  const networks = weights.map((file) => (file === "default" ? EMBEDDED : file));
  if (plot ?? predictions ?? out)
    await plan.read(dataset, boxes, ...networks, ...faces.map(({ path }) => path));
  await plan.write("--plot", plot);
  await plan.write("--predictions", predictions);
  await plan.write("--out", out);
}

async function openNetworks({ weights, precision }: Options): Promise<Network[]> {
  const names = networkNames(weights);
  const networks: Network[] = [];
  for (const [i, file] of weights.entries()) {
    for (const arithmetic of precision) {
      const name = names[i]! + (precision.length > 1 ? ` ${arithmetic}` : "");
      const options = { precision: arithmetic, ...(file !== "default" && { weights: file }) };
      networks.push({ name, landmarker: await openLandmarker(options) });
    }
  }
  return networks;
}

/** Files by their names without folder and ending; those that share one, as they were given. */
function networkNames(files: readonly string[]): string[] {
  const short = files.map((file) => basename(file, extname(file)));
  return short.map((name, i) => (short.some((other, j) => other === name && j !== i) ? files[i]! : name));
}
