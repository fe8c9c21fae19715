import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { parseWeights } from "../../src/core/landmarks.ts";
import { exportOnnx } from "../../src/formats/onnx.ts";
import { importOpenVino } from "../../src/formats/openvino/import.ts";
import stored from "../fixtures/golden.json" with { type: "json" };
import { randomCrops } from "../support/random.ts";
import { golden, readReference, reference } from "../support/reference.ts";

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

async function run(model: Uint8Array, crops: Uint8Array, count: number): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const input = new ort.Tensor("float32", planar(crops, count), [count, 3, 48, 48]);
  const { landmarks } = await session.run({ crops: input });
  await session.release();
  return landmarks!;
}

describe("exportOnnx", () => {
  const model = exportOnnx(parseWeights(readFileSync("weights/default.safetensors")));

  it.each([1, 16])("gives ONNX Runtime a model with the float64 answers, %i at once", async (count) => {
    const { dims, data } = await run(model, randomCrops(16, stored.seed), count);
    expect(dims).toEqual([count, 10]);
    const got = data as Float32Array;
    const want = stored.landmarks.slice(0, count).flat();
    // float32 sums of up to 577 terms, in nine layers: the kernels here stay within 1e-6 of float64, and so must it.
    want.forEach((value, i) => {
      expect(Math.abs(got[i]! - value)).toBeLessThan(3e-6);
    });
  });
});

describe.skipIf(!reference)("exportOnnx of the official weights (needs ../shared)", () => {
  const path = "omz/landmarks-regression-retail-0009/FP32/landmarks-regression-retail-0009";

  it("gives ONNX Runtime the float64 answers to the golden crops", async () => {
    const xml = readReference(`${path}.xml`).toString();
    const model = exportOnnx(importOpenVino(xml, new Uint8Array(readReference(`${path}.bin`))));
    const { crops, landmarks, count } = golden();
    const got = (await run(model, crops, count)).data as Float32Array;
    const errors = Array.from(landmarks, (want, i) => Math.abs(got[i]! - want));
    // Sums of up to 577 terms in float32, as in the kernels here, which are held to the same bound.
    expect(Math.max(...errors)).toBeLessThan(2e-6);
  });
});
