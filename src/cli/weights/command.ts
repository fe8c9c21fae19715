/** `fivepoint weights`: what a weights file holds, and weights from and to other formats. */
import { createHash } from "node:crypto";
import { type Command, InvalidArgumentError, Option } from "commander";
import { checkFinite, toHalves, type WeightsFile, type WeightsMetadata } from "../../core/container.ts";
import { parseWeights, serializeWeights } from "../../core/landmarks.ts";
import { elements } from "../../core/network.ts";
import { readRanges } from "../../core/ranges.ts";
import { exportOnnx } from "../../formats/onnx.ts";
import { importOpenVino } from "../../formats/openvino/import.ts";
import { fileError, readInput, writeWhole } from "../files.ts";
import { EMBEDDED } from "../model.ts";
import { parsePositive } from "../options.ts";
import { OutputPlan } from "../outputs.ts";
import { OFFICIAL_BASE_URL, OFFICIAL_FILES, type OfficialFile, type OfficialPrecision } from "./official.ts";
import { type QuantizeOptions, quantize } from "./quantize.ts";

/** Adds the file's name to what is wrong with it. */
async function inFile<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(path, error);
  }
}

/** @throws InvalidArgumentError when the output is a folder or would overwrite an input */
async function checkOutput(out: string, ...inputs: string[]): Promise<void> {
  const plan = new OutputPlan();
  await plan.read(...inputs);
  await plan.write("--out", out);
}

function readWhole(bytes: Uint8Array): WeightsFile {
  const file = parseWeights(bytes);
  checkFinite(file);
  return file;
}

interface InfoOptions {
  json?: true;
  tensors?: true;
}

async function info(path: string | undefined, { json, tensors: listed }: InfoOptions): Promise<void> {
  const bytes = await readInput(path ?? EMBEDDED);
  const file = await inFile(path ?? "the embedded weights", () => readWhole(bytes));
  const { metadata, tensors } = file;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const table = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const parameters = table.reduce((sum, { shape }) => sum + elements(shape), 0);
  if (json) {
    const summary = { ...metadata, sha256, bytes: bytes.length, parameters };
    console.log(JSON.stringify(listed ? { ...summary, tensors: table } : summary));
    return;
  }
  const { format: _, name, version, license, source, ranges: __, ...others } = metadata;
  const precision = hasRanges(file) ? "f32, int8" : "f32; for int8 run fivepoint weights quantize";
  const lines = Object.entries({ name, version, license, source, ...others, precision, sha256 }).map(
    ([key, value]) => `${key.padEnd(12)} ${value}`,
  );
  lines.push(`${"size".padEnd(12)} ${bytes.length} bytes, ${parameters} parameters`);
  if (listed) {
    lines.push("");
    for (const { name: tensor, dtype, shape } of table)
      lines.push(`  ${tensor.padEnd(18)} ${dtype}  ${shape.join("×")}`);
  }
  console.log(lines.join("\n"));
}

function hasRanges(file: WeightsFile): boolean {
  try {
    readRanges(file);
    return true;
  } catch {
    return false;
  }
}

interface ImportOptions {
  out: string;
  name?: string;
  license?: string;
  f16?: boolean;
}

/** @param path where the graph comes from, for errors */
async function convert(
  path: string,
  xml: Uint8Array,
  bin: Uint8Array,
  source: string,
  { out, name, license, f16 }: ImportOptions,
): Promise<void> {
  const metadata: Partial<WeightsMetadata> = { source, ...(name && { name }), ...(license && { license }) };
  const imported = await inFile(path, () => importOpenVino(new TextDecoder().decode(xml), bin, metadata));
  const file: WeightsFile = f16 ? toHalves(imported) : imported;
  const bytes = serializeWeights(file);
  await writeWhole(out, bytes);
  console.log(`${out}: ${file.metadata.name}, ${file.metadata.license}, ${bytes.length} bytes`);
}

/** Milliseconds: a timer for more than this would end at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Downloads one file, and returns it only when its size and its SHA-384 are what they should be. */
async function download(
  url: URL,
  { bytes: size, sha384 }: OfficialFile,
  seconds: number,
): Promise<Uint8Array> {
  console.error(`GET ${url}`);
  let bytes: Uint8Array;
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(Math.min(1000 * seconds, LONGEST_TIMER)),
    });
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    const { name, message, cause } = error as Error;
    const reason =
      name === "TimeoutError"
        ? `no answer within ${seconds} s`
        : cause instanceof Error
          ? cause.message
          : message;
    throw new Error(`${url}: ${reason}`, { cause: error });
  }
  if (bytes.length !== size) throw new Error(`${url}: expected ${size} bytes, but ${bytes.length} came`);
  const hash = createHash("sha384").update(bytes).digest("hex");
  if (hash !== sha384) throw new Error(`${url}: expected the SHA-384 ${sha384}, but it is ${hash}`);
  return bytes;
}

interface PullOptions extends ImportOptions {
  precision: OfficialPrecision;
  baseUrl: string;
  timeout: number;
}

/** @param files what the files must be; only tests give others */
export async function pull(
  { precision, baseUrl, timeout, ...options }: PullOptions,
  files: Record<OfficialPrecision, Record<"xml" | "bin", OfficialFile>> = OFFICIAL_FILES,
): Promise<void> {
  const base = new URL(baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
  const path = `${precision}/landmarks-regression-retail-0009`;
  const { xml, bin } = files[precision];
  const source = `Open Model Zoo 2023.0, ${precision}, ${new URL(`${path}.bin`, base)}`;
  await checkOutput(options.out);
  const graph = new URL(`${path}.xml`, base);
  await convert(
    graph.href,
    await download(graph, xml, timeout),
    await download(new URL(`${path}.bin`, base), bin, timeout),
    source,
    options,
  );
}

function httpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError("Expected an address that begins with https:// or http://.");
  return text;
}

const halves = () => new Option("--f16", "Store half-precision floats, which take half the space");

const HELP = `
Examples:
  Say what the embedded weights are:
    fivepoint weights info
  Download the official weights, and use them:
    fivepoint weights pull --out official.safetensors
    fivepoint detect photo.jpg --weights official.safetensors
  Print the help of a command, with more examples:
    fivepoint weights help quantize`;

export function registerWeights(program: Command): void {
  const weights = program
    .command("weights")
    .summary("Inspect, import, download, calibrate and export weights")
    .description("Inspects weights files, and imports, downloads, calibrates and exports weights.")
    .addHelpText("after", HELP);
  weights
    .command("info")
    .summary("Print what a weights file is")
    .description("Prints the name, version, license, source, hash and size of a weights file.")
    .argument("[file]", "A weights file (default: the embedded weights)")
    .option("--tensors", "List the tensors, too")
    .option("--json", "Print one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  Say what the embedded weights are:
    fivepoint weights info
  List the tensors of a file:
    fivepoint weights info mine.safetensors --tensors`,
    )
    .action(info);
  weights
    .command("import")
    .summary("Convert an OpenVINO model to a weights file")
    .description(
      "Converts landmarks-regression-retail-0009 as an OpenVINO model (.xml and .bin) to a weights file.",
    )
    .requiredOption("--xml <file>", "The model's graph")
    .requiredOption("--bin <file>", "The model's constants")
    .requiredOption("--out <file>", "The weights file to write")
    .option("--name <name>", "A name to store in the file")
    .option("--license <license>", "Its license (default: Apache-2.0, as for the official files)")
    .addOption(halves())
    .addHelpText(
      "after",
      `
Examples:
  Convert a model that you downloaded:
    fivepoint weights import --xml model.xml --bin model.bin --out mine.safetensors
  Say what you call it, and what its license is:
    fivepoint weights import --xml model.xml --bin model.bin --out mine.safetensors \\
      --name mine --license MIT`,
    )
    .action(async ({ xml, bin, ...options }: ImportOptions & { xml: string; bin: string }) => {
      await checkOutput(options.out, xml, bin);
      const [graph, constants] = await Promise.all([readInput(xml), readInput(bin)]);
      await convert(xml, graph, constants, "OpenVINO IR", options);
    });
  weights
    .command("pull")
    .summary("Download the official weights")
    .description(
      "Downloads the official weights of Open Model Zoo (Apache-2.0), checks their hash and converts them.",
    )
    .requiredOption("--out <file>", "The weights file to write")
    .addOption(
      new Option("--precision <type>", "Which of the official files to take")
        .choices(Object.keys(OFFICIAL_FILES))
        .default("FP32"),
    )
    .option(
      "--base-url <url>",
      "A mirror of the folder that holds FP32, FP16 and FP16-INT8",
      httpUrl,
      OFFICIAL_BASE_URL,
    )
    .option("--timeout <seconds>", "Give up on a file after this time", parsePositive, 60)
    .addOption(halves())
    .addHelpText(
      "after",
      `
Examples:
  Download them, and use them:
    fivepoint weights pull --out official.safetensors
    fivepoint detect photo.jpg --weights official.safetensors
  Download from a mirror:
    fivepoint weights pull --out official.safetensors --base-url https://example.com/models/`,
    )
    .action((options: PullOptions) => pull(options));
  weights
    .command("quantize")
    .summary("Calibrate weights for --precision int8")
    .description("Calibrates weights for --precision int8 on example faces, and stores the ranges with them.")
    .requiredOption(
      "--calibrate <csv>",
      "A list of faces with the columns file,x,y,width,height: a few hundred, like those that detect will see",
    )
    .option("--images <folder>", "Look for the images in this folder (default: the folder of the list)")
    .option("--expand <factor>", "Enlarge each box about its centre", parsePositive, 1)
    .option("--weights <file>", "The weights to calibrate (default: the embedded weights)")
    .requiredOption("--out <file>", "The weights file to write")
    .addHelpText(
      "after",
      `
Example:
  Calibrate a file, and use it:
    fivepoint weights quantize --weights mine.safetensors --calibrate faces.csv --out calibrated.safetensors
    fivepoint detect photo.jpg --weights calibrated.safetensors --precision int8`,
    )
    .action(async ({ weights: path = EMBEDDED, ...options }: QuantizeOptions & { weights?: string }) => {
      const bytes = await readInput(path);
      await quantize(path, await inFile(path, () => readWhole(bytes)), options);
    });
  weights
    .command("export")
    .summary("Write the network in another format")
    .description("Writes the network with its weights in another format.")
    .addOption(new Option("--format <format>", "The format").choices(["onnx"]).makeOptionMandatory())
    .option("--weights <file>", "The weights to export (default: the embedded weights)")
    .requiredOption("--out <file>", "The file to write")
    .addHelpText(
      "after",
      `
Example:
  Write a model for ONNX Runtime:
    fivepoint weights export --format onnx --out model.onnx`,
    )
    .action(async ({ weights: path = EMBEDDED, out }: { weights?: string; out: string }) => {
      await checkOutput(out, path);
      const bytes = await readInput(path);
      const model = await inFile(path, () => exportOnnx(readWhole(bytes)));
      await writeWhole(out, model);
      console.log(`${out}: ${model.length} bytes`);
    });
}
