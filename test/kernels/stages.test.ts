import { describe, expect, it } from "vitest";
import { fromMap } from "../support/layout.ts";
import { golden, officialParameters, readReference, reference } from "../support/reference.ts";
import { Kernels, TIERS } from "../support/wasm.ts";

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i]! - b[i]!);
    if (!(error <= most)) most = error;
    if (Number.isNaN(error)) break;
  }
  return most;
};

/** Stage of golden/activations.json → its buffer: [name in memory.ts, side of the map or 0, channels, with padding]. */
const BUFFERS = {
  input_affine: ["INPUT_MAP", 48, 3, 4],
  conv1: ["CONV1_MAP", 24, 16, 16],
  conv2: ["CONV2_MAP", 12, 32, 32],
  conv3: ["CONV3_MAP", 6, 64, 64],
  conv4: ["CONV4_MAP", 6, 64, 64],
  conv5: ["CONV5_MAP", 6, 128, 128],
  dwpool: ["DEPTHWISE_OUT", 0, 128, 128],
  fc1: ["FC1_OUT", 0, 256, 256],
  fc2: ["FC2_OUT", 0, 64, 64],
  fc3: ["LANDMARKS", 0, 10, 10],
} as const;

const ALGORITHMS = ["Winograd", "direct"] as const;
type Algorithm = (typeof ALGORITHMS)[number];

describe.skipIf(!reference).each(TIERS)(
  "the official weights stage by stage (needs ../shared), %s",
  (tier) => {
    const load = () => {
      const model = new Kernels("kernels", tier);
      const parameters = officialParameters();
      model.floats(model.call("parameters"), parameters.length).set(parameters);
      model.call("pack");
      model.call("packDirect");
      return model;
    };

    const run = (model: Kernels, algorithm: Algorithm, faces: number) => {
      if (algorithm === "Winograd") model.call("forward", faces);
      else model.call("landmarksDirect", model.call("crops"), model.call("landmarks"), faces);
    };

    it.each(ALGORITHMS)("%s: every stage of case 0", (algorithm) => {
      const model = load();
      const bytes = readReference("golden/activations_f32.bin");
      const layout = JSON.parse(readReference("golden/activations.json").toString()) as {
        [stage: string]: { offset: number; shape: number[] };
      };
      new Uint8Array(model.memory).set(golden().crops.subarray(0, 6912), model.call("crops"));
      run(model, algorithm, 1);
      expect(Object.keys(layout)).toEqual(Object.keys(BUFFERS));
      for (const [stage, [name, side, channels, padded]] of Object.entries(BUFFERS)) {
        const { offset, shape } = layout[stage]!;
        const length = shape.reduce((a, b) => a * b, 1);
        const want = new Float32Array(bytes.buffer.slice(bytes.byteOffset + offset), 0, length);
        const at = model.address(name);
        const got = side
          ? fromMap(model.floats(at, (side + 2) ** 2 * padded), side, channels, padded)
          : model.floats(at, channels);
        expect(worst(got, want), stage).toBeLessThan(1e-4);
      }
    });

    // Measured: 2.5e-7 at most by direct convolution, 5.3e-7 by Winograd.
    const bound = tier === "baseline" ? 2e-6 : 5e-6;

    it.each([
      ["Winograd", [1]],
      ["Winograd", [2, 3, 5, 16, 7, 4, 13, 14]],
      ["direct", [16]],
    ] as const)("%s by chunks of %j: all 64 golden answers", (algorithm, chunks) => {
      const model = load();
      const { count, crops, landmarks } = golden();
      const got = new Float32Array(count * 10);
      for (let at = 0, turn = 0; at < count; turn++) {
        const faces = Math.min(chunks[turn % chunks.length]!, count - at);
        new Uint8Array(model.memory).set(crops.subarray(at * 6912, (at + faces) * 6912), model.call("crops"));
        run(model, algorithm, faces);
        got.set(model.floats(model.call("landmarks"), faces * 10), at * 10);
        at += faces;
      }
      expect(worst(got, landmarks)).toBeLessThan(bound);
    });

    it("a face's answer depends neither on its place in the batch nor on the others", () => {
      const model = load();
      const { crops } = golden();
      const answers = (indices: number[]) => {
        indices.forEach((n, i) => {
          new Uint8Array(model.memory).set(
            crops.subarray(n * 6912, (n + 1) * 6912),
            model.call("crops") + i * 6912,
          );
        });
        model.call("forward", indices.length);
        return model.floats(model.call("landmarks"), indices.length * 10).slice();
      };
      const alone = answers([5]);
      for (const place of [0, 3, 4, 6, 15]) {
        const indices = Array.from({ length: 16 }, (_, i) => (i === place ? 5 : 20 + i));
        expect(answers(indices).subarray(place * 10, place * 10 + 10)).toEqual(alone);
      }
    });
  },
);
