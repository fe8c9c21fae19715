import { describe, expect, it } from "vitest";
import { golden, officialParameters, readReference, reference } from "../support/reference.ts";
import { forward, splitParameters } from "./network.ts";

describe.skipIf(!reference)("the float64 reference, with the official weights (needs ../shared)", () => {
  it("equals the golden answers to 1e-12", () => {
    const tensors = splitParameters(officialParameters());
    const { crops, landmarks } = golden();
    for (let i = 0; i < 8; i++) {
      const out = forward(tensors, crops.subarray(i * 6912, (i + 1) * 6912)).get("fc3")!;
      for (let j = 0; j < 10; j++) expect(Math.abs(out[j]! - landmarks[i * 10 + j]!)).toBeLessThan(1e-12);
    }
  });

  it("equals case 0's activations after every stage to their float32 rounding", () => {
    const index = JSON.parse(readReference("golden/activations.json").toString()) as Record<
      string,
      { offset: number; shape: number[] }
    >;
    const bytes = readReference("golden/activations_f32.bin");
    const stages = forward(splitParameters(officialParameters()), golden().crops.subarray(0, 6912));
    const names: Record<string, string> = { input_affine: "input", dwpool: "depthwise" };
    for (const [name, { offset, shape }] of Object.entries(index)) {
      const count = shape.reduce((a, b) => a * b);
      const want = new Float32Array(bytes.buffer, bytes.byteOffset + offset, count);
      const got = stages.get(names[name] ?? name)!;
      expect(got.length, name).toBe(count);
      // An offset in elements or bytes would show at once: every stage differs from every other.
      for (let i = 0; i < count; i++)
        expect(Math.abs(got[i]! - want[i]!), `${name} ${i}`).toBeLessThanOrEqual(
          1e-6 * Math.max(1, Math.abs(want[i]!)),
        );
    }
  });
});
