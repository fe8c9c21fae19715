import { createLandmarkerSync } from "fivepoint";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../src/core/container.ts";
import { serializeWeights, TENSORS } from "../src/core/landmarks.ts";
import { elements } from "../src/core/network.ts";
import stored from "./fixtures/golden.json" with { type: "json" };
import { randomCrops } from "./support/random.ts";
import { golden, officialParameters, reference } from "./support/reference.ts";

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
};

const tiers = ["baseline", "relaxed"] as const;

describe.each(tiers)("the default weights, %s", (simd) => {
  it("equal the float64 reference", () => {
    const landmarker = createLandmarkerSync({ simd });
    expect(landmarker.info.weights.sha256, "run test/fixtures/make-golden.ts").toBe(stored.weights);
    const crops = randomCrops(stored.landmarks.length, stored.seed);
    const got = landmarker.run(crops, stored.landmarks.length);
    expect(worst(got, stored.landmarks.flat())).toBeLessThan(2e-5);
  });
});

/** Mean and largest distance of points. */
function distances(a: ArrayLike<number>, b: ArrayLike<number>): { mean: number; most: number } {
  const each = Array.from({ length: a.length / 2 }, (_, i) =>
    Math.hypot(a[2 * i]! - b[2 * i]!, a[2 * i + 1]! - b[2 * i + 1]!),
  );
  return { mean: each.reduce((sum, d) => sum + d, 0) / each.length, most: Math.max(...each) };
}

describe.skipIf(!reference)("int8 on the golden crops (needs ../shared)", () => {
  it("is closer to float than the zoo's own INT8 release", () => {
    const { count, crops } = golden();
    const exact = createLandmarkerSync({ simd: "baseline" }).run(crops, count);
    const { mean, most } = distances(createLandmarkerSync({ precision: "int8" }).run(crops, count), exact);
    expect(mean).toBeLessThan(2e-3); // theirs: 4.3e-3
    expect(most).toBeLessThan(2e-2); // theirs: 3.7e-2
  });
});

describe.skipIf(!reference)("the official weights (needs ../shared)", () => {
  const load = () => {
    const parameters = new Uint8Array(officialParameters().slice().buffer);
    const tensors = new Map<string, Tensor>();
    let at = 0;
    for (const { name, shape } of TENSORS) {
      const end = at + 4 * elements(shape);
      tensors.set(name, { dtype: "F32", shape, data: parameters.subarray(at, end) });
      at = end;
    }
    const metadata = {
      format: "fivepoint",
      version: "1",
      name: "official",
      license: "Apache-2.0",
      source: "test",
    } as const;
    return serializeWeights({ metadata, tensors });
  };

  it.each(tiers)("equal all 64 golden answers, %s", (simd) => {
    const { count, crops, landmarks } = golden();
    const got = createLandmarkerSync({ simd, weights: load() }).run(crops, count);
    expect(worst(got, landmarks)).toBeLessThan(simd === "baseline" ? 2e-6 : 5e-6);
  });
});
