/** `fivepoint weights quantize`: calibrates weights for int8 arithmetic. */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Box } from "fivepoint";
import { pMapIterable } from "p-map";
import { resolveBox } from "../../core/box.ts";
import type { WeightsFile } from "../../core/container.ts";
import { cropInto } from "../../core/crop.ts";
import { checkImage } from "../../core/image.ts";
import { serializeWeights } from "../../core/landmarks.ts";
import { CROP_BYTES, instantiate } from "../../core/model.ts";
import { calibrate } from "../../formats/calibrate.ts";
import { writeWhole } from "../files.ts";
import { readImage } from "../images.ts";
import { locateImages, readBoxes } from "../lists.ts";
import { OutputPlan } from "../outputs.ts";
import { Report } from "../report.ts";
import { loadSharp } from "../sharp.ts";

const MODULE = fileURLToPath(new URL("../model.wasm", import.meta.url));

export interface QuantizeOptions {
  /** A CSV file of images and boxes. */
  readonly calibrate: string;
  /** Where the images are; default beside the list. */
  readonly images?: string;
  readonly expand: number;
  readonly out: string;
}

interface ListedFace {
  readonly path: string;
  readonly box: Box;
}

/**
 * Writes the weights with the ranges that bring int8 closest to float on the faces of a list.
 * @param path the weights' file
 * @throws Error when no face can be read, InvalidArgumentError for a malformed list or when the output is an input
 */
export async function quantize(path: string, weights: WeightsFile, options: QuantizeOptions): Promise<void> {
  const faces = await readFaces(options);
  const plan = new OutputPlan();
  await plan.read(path, options.calibrate, ...faces.map(({ path }) => path));
  await plan.write("--out", options.out);
  const module = await WebAssembly.compile(await readFile(MODULE));
  const crops = await readCrops(module, faces, options);
  const tried = calibrate(module, weights, crops);
  for (const { rule, distance } of tried) console.error(`${distance.toExponential(2)}  ${rule}`);
  const { file, rule, distance } = tried[0]!;
  const bytes = serializeWeights(file);
  await writeWhole(options.out, bytes);
  console.log(
    `${options.out}: ${file.metadata.name}, ${bytes.length} bytes; on ${crops.length / CROP_BYTES} faces int8 points are ` +
      `${distance.toExponential(2)} of the crop's side away from those in f32 (${rule})`,
  );
}

async function readFaces({ calibrate: list, images }: QuantizeOptions): Promise<ListedFace[]> {
  const rows = await readBoxes(list);
  const paths = await locateImages(
    images ?? dirname(list),
    rows.map(({ file }) => file),
  );
  return rows.map(({ file, box }) => ({ path: paths.get(file)!, box }));
}

/** The faces of a list, cropped as a landmarker does. */
async function readCrops(
  module: WebAssembly.Module,
  faces: readonly ListedFace[],
  { calibrate: list, expand }: QuantizeOptions,
): Promise<Uint8Array> {
  await loadSharp();
  const model = instantiate(module);
  const crop = async ({ path, box }: ListedFace): Promise<Uint8Array | Error> => {
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
  for await (const result of pMapIterable(faces, crop, { concurrency: availableParallelism() })) {
    report.advance();
    if (result instanceof Uint8Array) {
      crops.push(result);
    } else {
      process.exitCode = 1;
      report.warn(result.message);
    }
  }
  report.end();
  if (crops.length === 0) throw new Error(`${list}: no face could be read.`);
  return Buffer.concat(crops);
}
