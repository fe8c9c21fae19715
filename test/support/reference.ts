import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(process.env.FIVEPOINT_REFERENCE ?? "../shared");

/** The folder of reference data (official weights, golden vectors, labelled faces), or undefined where it is absent. */
export const reference = existsSync(join(folder, "golden")) ? folder : undefined;

/** Reads a file of the reference data. */
export const readReference = (path: string): Buffer<ArrayBuffer> => {
  if (!reference) throw new Error(`There is no reference data in ${folder}.`);
  return readFileSync(join(reference, path)) as Buffer<ArrayBuffer>;
};

/** The official FP32 constants: the parameters of the network in the order of src/core/landmarks.ts. */
export const officialParameters = (): Float32Array => {
  const bytes = readReference(
    "omz/landmarks-regression-retail-0009/FP32/landmarks-regression-retail-0009.bin",
  );
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
};

/** 64 crops (48×48 BGR) and the official weights' answers to them in float64. */
export const golden = () => {
  const landmarks = readReference("golden/landmarks_f64.bin");
  return {
    count: 64,
    crops: new Uint8Array(readReference("golden/crops_bgr_u8.bin")),
    landmarks: new Float64Array(landmarks.buffer, landmarks.byteOffset, landmarks.byteLength / 8),
  };
};
