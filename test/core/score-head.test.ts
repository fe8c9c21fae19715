/** The learned score against float64, on weights with a random head. */
import { readFileSync } from "node:fs";
import { createLandmarkerSync } from "fivepoint";
import { describe, expect, it } from "vitest";
import { toFloat32, type WeightsFile } from "../../src/core/container.ts";
import { parseWeights, serializeWeights } from "../../src/core/landmarks.ts";
import { forward } from "../reference/network.ts";
import { random, randomCrops } from "../support/random.ts";

const COUNT = 19; // more than a batch

/** The default weights with a head whose logits spread over some units. */
function withHead(file: WeightsFile): WeightsFile {
  const next = random(21);
  const floats = (values: number[], shape: number[]) =>
    ({ dtype: "F32", shape, data: new Uint8Array(Float32Array.from(values).buffer) }) as const;
  const weight = Array.from({ length: 256 }, () => 0.2 * (next() - 0.5));
  return {
    ...file,
    tensors: new Map([
      ...[...file.tensors].filter(([name]) => !name.startsWith("score.")),
      ["score.weight", floats(weight, [1, 256])],
      ["score.bias", floats([0.3], [1])],
    ]),
  };
}

const plain = parseWeights(new Uint8Array(readFileSync("weights/default.safetensors")));
const file = withHead(plain);
const weights = serializeWeights(file);
const crops = randomCrops(COUNT, 4);
const strip = { data: crops, width: 48, height: 48 * COUNT, format: "bgr" } as const;
const boxes = Array.from({ length: COUNT }, (_, i) => ({ x: 0, y: 48 * i, width: 48, height: 48 }));

describe("score head", () => {
  const tensors = new Map([...file.tensors].map(([name, tensor]) => [name, toFloat32(tensor)]));
  const want = boxes.map((_, i) => {
    const fc1 = forward(tensors, crops.subarray(6912 * i, 6912 * (i + 1))).get("fc1")!;
    const weight = tensors.get("score.weight")!;
    const logit = fc1.reduce((sum, v, k) => sum + v * weight[k]!, tensors.get("score.bias")![0]!);
    return 1 / (1 + Math.exp(-logit));
  });

  it.each(["baseline", "relaxed"] as const)("equals float64 in float32, %s", (simd) => {
    const scores = createLandmarkerSync({ weights, simd })
      .detectAll(strip, boxes)
      .map(({ score }) => score);
    // The logit's terms are known to some 1e-6 each (test/golden.test.ts), and a sigmoid's slope is at most ¼.
    scores.forEach((score, i) => {
      expect(Math.abs(score - want[i]!)).toBeLessThan(1e-4);
    });
    expect(Math.max(...scores) - Math.min(...scores)).toBeGreaterThan(0.01); // they do tell crops apart
  });

  it("is within 0.02 of that in int8, the same bits in both tiers", () => {
    const [baseline, relaxed] = (["baseline", "relaxed"] as const).map((simd) =>
      createLandmarkerSync({ weights, simd, precision: "int8" })
        .detectAll(strip, boxes)
        .map(({ score }) => score),
    );
    expect(relaxed).toEqual(baseline);
    baseline!.forEach((score, i) => {
      expect(Math.abs(score - want[i]!)).toBeLessThan(0.02);
    });
  });

  it("leaves the points as they are, and is named in info", () => {
    const landmarker = createLandmarkerSync({ weights });
    expect(landmarker.run(crops, COUNT)).toEqual(createLandmarkerSync().run(crops, COUNT));
    expect(landmarker.info.weights.score).toBe("learned");
    const without = new Map([...plain.tensors].filter(([name]) => !name.startsWith("score.")));
    const bare = serializeWeights({ ...plain, tensors: without });
    expect(createLandmarkerSync({ weights: bare }).info.weights.score).toBe("shape");
  });

  it("is refused where half of it is missing, and where it isn't finite", () => {
    const half = new Map([...file.tensors].filter(([name]) => name !== "score.bias"));
    expect(() => createLandmarkerSync({ weights: serializeWeights({ ...file, tensors: half }) })).toThrow(
      /score\.bias/,
    );
    const bad = new Uint8Array(Float32Array.from({ length: 256 }, () => Number.NaN).buffer);
    const broken = new Map(file.tensors).set("score.weight", { dtype: "F32", shape: [1, 256], data: bad });
    expect(() => createLandmarkerSync({ weights: serializeWeights({ ...file, tensors: broken }) })).toThrow(
      /score\.weight/,
    );
  });
});
