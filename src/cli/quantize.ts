/** `fivepoint weights quantize`: calibrates weights for int8 arithmetic. */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";
import type { Box } from "fivepoint";
import { pMapIterable } from "p-map";
import { resolveBox } from "../core/box.ts";
import type { WeightsFile } from "../core/container.ts";
import { checkImage, cropInto } from "../core/image.ts";
import { serializeWeights } from "../core/landmarks.ts";
import { CROP_BYTES, instantiate } from "../core/model.ts";
import { calibrate } from "../formats/calibrate.ts";
import { boxColumns, readCsv, rowBox } from "./boxes.ts";
import { readImage } from "./images.ts";
import { Report, writeWhole } from "./output.ts";
import { loadSharp } from "./sharp.ts";

const MODULE = fileURLToPath(new URL("../model.wasm", import.meta.url));

export interface QuantizeOptions {
  /** A CSV file of images and boxes. */
  readonly calibrate: string;
  /** Where the images are; default beside the list. */
  readonly images?: string;
  readonly expand: number;
  readonly out: string;
}

/**
 * Writes the weights with the ranges that bring int8 closest to float on the faces of a list.
 * @throws Error when no face can be read, InvalidArgumentError for a malformed list
 */
export async function quantize(weights: WeightsFile, options: QuantizeOptions): Promise<void> {
  const module = await WebAssembly.compile(await readFile(MODULE));
  const crops = await readCrops(module, options);
  const tried = calibrate(module, weights, crops);
  for (const { rule, distance } of tried) console.error(`${distance.toExponential(2)}  ${rule}`);
  const { file, rule, distance } = tried[0]!;
  const bytes = serializeWeights(file);
  await writeWhole(options.out, bytes);
  console.log(
    `${options.out}: ${file.metadata.name}, ${bytes.length} bytes; on ${crops.length / CROP_BYTES} faces int8 answers ` +
      `${distance.toExponential(2)} of the crop's side away from float ones (${rule})`,
  );
}

/** The faces of a list, cropped as a landmarker does. */
async function readCrops(module: WebAssembly.Module, options: QuantizeOptions): Promise<Uint8Array> {
  const { calibrate: list, images = dirname(list), expand } = options;
  const rows = await readCsv(list);
  if (rows.length === 0) throw new InvalidArgumentError(`${list}: expected a header and at least one row.`);
  const { file, sides } = boxColumns(list, rows[0]!.row);
  const faces = rows.map(({ row, line }) => ({
    path: join(images, row[file]!),
    box: rowBox(list, line, row, sides),
  }));
  await loadSharp();
  const model = instantiate(module);
  const cut = async ({ path, box }: { path: string; box: Box }): Promise<Uint8Array | Error> => {
    try {
      const image = await readImage(path);
      cropInto(model, checkImage(image), resolveBox(image, box, expand), 0);
      return new Uint8Array(model.memory.buffer, model.crops(), CROP_BYTES).slice();
    } catch (error) {
      return new Error(`${path}: ${(error as Error).message}`, { cause: error });
    }
  };
  const crops: Uint8Array[] = [];
  const report = new Report(faces.length, "faces");
  for await (const crop of pMapIterable(faces, cut, { concurrency: availableParallelism() })) {
    report.advance();
    if (crop instanceof Uint8Array) {
      crops.push(crop);
    } else {
      process.exitCode = 1;
      report.warn(crop.message);
    }
  }
  report.end();
  if (crops.length === 0) throw new Error(`${list}: no face could be read.`);
  return Buffer.concat(crops);
}
