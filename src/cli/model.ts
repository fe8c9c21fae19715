/** The options by which commands choose a model. */
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { createLandmarker, type Landmarker, type Precision, WeightsError } from "fivepoint";
import { readInput } from "./files.ts";

/** The weights that every entry embeds, as a file. */
export const EMBEDDED = fileURLToPath(new URL("../weights.safetensors", import.meta.url));

export interface ModelOptions {
  weights?: string;
  precision: Precision;
}

export function modelOptions(command: Command): Command {
  return command
    .option("--weights <file>", "Use a weights file (safetensors) in place of the embedded weights")
    .addOption(
      new Option("--precision <type>", "Compute the network in this arithmetic")
        .choices(["f32", "int8"])
        .default("f32"),
    );
}

/** @throws Error naming the file when its weights can't be used */
export async function openLandmarker({ weights, precision }: ModelOptions): Promise<Landmarker> {
  if (weights === undefined) return createLandmarker({ precision });
  const bytes = await readInput(weights);
  try {
    return await createLandmarker({ weights: bytes, precision });
  } catch (error) {
    if (error instanceof WeightsError) error.message = `${weights}: ${error.message}`;
    throw error;
  }
}
