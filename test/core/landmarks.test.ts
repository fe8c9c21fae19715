/** The table against what doesn't come from it: the official constants, the default weights, and itself. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ALL_TENSORS, LANDMARKS, parseWeights, TENSORS } from "../../src/core/landmarks.ts";
import { elements, outputSize } from "../../src/core/network.ts";
import { RANGED_STAGES } from "../../src/core/ranges.ts";
import { officialParameters, reference } from "../support/reference.ts";

const parameters = TENSORS.reduce((sum, { shape }) => sum + elements(shape), 0);

it("has the parameters of the module's block, which is one of 190,616 floats", () => {
  expect(parameters).toBe(190_616);
});

it.skipIf(!reference)("has as many as the official model (needs ../shared)", () => {
  expect(officialParameters()).toHaveLength(parameters);
});

it("lets each stage read what the one before it writes", () => {
  const [first, ...others] = LANDMARKS.stages;
  let last = first!;
  for (const stage of others) {
    const { name, inputs, size } = stage;
    expect({ name, inputs, size }).toEqual({ name, inputs: last.outputs, size: outputSize(last) });
    last = stage;
  }
});

it("has the tensors of the default weights, in their order", () => {
  const { tensors } = parseWeights(readFileSync("weights/default.safetensors"));
  expect([...tensors.keys()]).toEqual(ALL_TENSORS.map(({ name }) => name));
});

it("gives 8 bits to what a convolution reads, and 15 to the rest", () => {
  const bits = RANGED_STAGES.map(({ name, size, channels, bits }) => `${name} ${size} ${channels} ${bits}`);
  expect(bits).toEqual([
    "conv1 24 16 8",
    "conv2 12 32 8",
    "conv3 6 64 8",
    "conv4 6 64 8",
    "conv5 6 128 15",
    "depthwise 1 128 15",
    "fc1 1 256 15",
    "fc2 1 64 15",
  ]);
});
