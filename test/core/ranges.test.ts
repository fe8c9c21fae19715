/** What int8 refuses of a weights file's ranges. */
import { readFileSync } from "node:fs";
import { createLandmarkerSync, WeightsError } from "fivepoint";
import { describe, expect, it } from "vitest";
import { parseWeights, serializeWeights } from "../../src/core/landmarks.ts";
import { RANGED_STAGES, readRanges, withRanges } from "../../src/core/ranges.ts";

const weights = new Uint8Array(readFileSync("dist/weights.safetensors"));

/** The default weights with other metadata. */
const rangesAs = (ranges: string | undefined) => {
  const { metadata, tensors } = parseWeights(weights);
  const { ranges: _, ...others } = metadata;
  return serializeWeights({ metadata: { ...others, ...(ranges !== undefined && { ranges }) }, tensors });
};

it.each([
  ["none", undefined, /no activation ranges.*weights quantize/],
  ["no JSON", "conv1", /aren't JSON.*weights quantize/],
  ["null", "null", /activation range conv1.*undefined/],
  ["a stage missing", JSON.stringify({ conv1: [-1, 1] }), /activation range conv2/],
  ["one number", JSON.stringify({ conv1: [-1] }), /conv1.*\[-1\]/],
  ["an empty range", JSON.stringify({ conv1: [0, 0] }), /conv1.*\[0,0\]/],
  ["no zero in it", JSON.stringify({ conv1: [1, 2] }), /conv1.*\[1,2\]/],
  ["text", JSON.stringify({ conv1: ["a", "b"] }), /conv1/],
  ["more than a float holds", JSON.stringify({ conv1: [-1e300, 1e300] }), /conv1/],
])("needs the weights' ranges: %s", (_, ranges, message) => {
  const file = rangesAs(ranges);
  expect(() => createLandmarkerSync({ weights: file, precision: "int8" })).toThrow(WeightsError);
  expect(() => createLandmarkerSync({ weights: file, precision: "int8" })).toThrow(message);
  expect(createLandmarkerSync({ weights: file }).info.precision).toBe("f32");
});

describe("withRanges", () => {
  const file = parseWeights(weights);

  it("writes what readRanges reads, to six digits, and leaves the rest as it is", () => {
    const ranges = RANGED_STAGES.map((_, i): [number, number] => [-i / 7, i + 1 / 3]);
    const changed = withRanges(file, ranges);
    expect(readRanges(parseWeights(serializeWeights(changed)))).toEqual(
      ranges.map((range) => range.map((bound) => expect.closeTo(bound, 5))),
    );
    expect(changed.tensors).toBe(file.tensors);
    expect({ ...changed.metadata, ranges: "" }).toEqual({ ...file.metadata, ranges: "" });
  });
});
