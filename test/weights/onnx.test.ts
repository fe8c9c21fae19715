import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { parseWeights } from "../../src/weights/container.ts";
import { exportOnnx } from "../../src/weights/onnx.ts";
import stored from "../fixtures/golden.json" with { type: "json" };
import { randomCrops } from "../support/random.ts";

/** Crops as the model's input: channel-major floats. */
function planar(crops: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count * 6912);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < 2304; i++) {
      for (let c = 0; c < 3; c++) out[n * 6912 + c * 2304 + i] = crops[n * 6912 + 3 * i + c]!;
    }
  }
  return out;
}

describe("exportOnnx", () => {
  const model = exportOnnx(parseWeights(readFileSync("weights/default.safetensors")));

  it.each([1, 16])("gives ONNX Runtime a model with the float64 answers, %i at once", async (count) => {
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    const input = new ort.Tensor("float32", planar(randomCrops(16, stored.seed), count), [count, 3, 48, 48]);
    const { landmarks } = await session.run({ crops: input });
    expect(landmarks!.dims).toEqual([count, 10]);
    const got = landmarks!.data as Float32Array;
    const want = stored.landmarks.slice(0, count).flat();
    // float32 sums of up to 577 terms, in nine layers: the kernels here stay within 1e-6 of float64, and so must it.
    want.forEach((value, i) => {
      expect(Math.abs(got[i]! - value)).toBeLessThan(3e-6);
    });
  });
});
