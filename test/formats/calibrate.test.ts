/** Calibration against the activations of the float64 reference. */
import { readFileSync } from "node:fs";
import { createLandmarkerSync } from "fivepoint";
import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../src/core/container.ts";
import { parseWeights, serializeWeights } from "../../src/core/landmarks.ts";
import { RANGED_STAGES, readRanges } from "../../src/core/ranges.ts";
import { calibrate } from "../../src/formats/calibrate.ts";
import { forward } from "../reference/network.ts";
import { randomCrops } from "../support/random.ts";

describe("calibrate", () => {
  const module = new WebAssembly.Module(readFileSync("dist/model.wasm"));
  const file = parseWeights(readFileSync("weights/default.safetensors"));
  const count = 3;
  const crops = randomCrops(count, 17);
  const results = calibrate(module, file, crops);

  it("ranks its rules by how far their int8 answers are from the float ones", () => {
    const float = createLandmarkerSync({ simd: "baseline" }).run(crops, count);
    const distances = results.map((result) => {
      const weights = serializeWeights(result.file);
      const int8 = createLandmarkerSync({ simd: "baseline", weights, precision: "int8" }).run(crops, count);
      let sum = 0;
      for (let i = 0; i < float.length; i += 2)
        sum += Math.hypot(float[i]! - int8[i]!, float[i + 1]! - int8[i + 1]!);
      return (2 * sum) / float.length;
    });
    expect(results.length).toBeGreaterThan(3);
    expect(distances).toEqual(results.map(({ distance }) => expect.closeTo(distance, 12)));
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
  });

  it("finds the least and the largest activation of each stage", () => {
    const tensors = new Map(Array.from(file.tensors, ([name, tensor]) => [name, toFloat32(tensor)]));
    const activations = Array.from({ length: count }, (_, i) =>
      forward(tensors, crops.subarray(i * 6912, (i + 1) * 6912)),
    );
    const ranges = readRanges(results.find(({ rule }) => rule === "least and largest")!.file);
    RANGED_STAGES.forEach(({ name, bits }, i) => {
      const values = activations.flatMap((stages) => [...stages.get(name)!]);
      const ample = bits > 8 ? 4 : 1; // with bits to spare, four times what was observed
      // Float32 sums and six digits in the file.
      const near = (bound: number) => expect.closeTo(ample * bound, 3);
      expect(ranges[i], name).toEqual([near(Math.min(0, ...values)), near(Math.max(0, ...values))]);
    });
  });
});
