import { createLandmarkerSync, WeightsError } from "fivepoint";
import { importOpenVino } from "fivepoint/openvino";
import { describe, expect, it } from "vitest";
import { parseWeights, serializeWeights, toFloat32, type WeightsFile } from "../../src/weights/container.ts";
import { TENSORS } from "../../src/weights/tensors.ts";
import { forward } from "../reference/network.ts";
import { type Dress, writeIr } from "../support/openvino.ts";
import { golden, officialParameters, readReference, reference } from "../support/reference.ts";
import { randomWeights } from "../support/weights.ts";

const values = (file: WeightsFile) =>
  new Map(TENSORS.map(({ name }) => [name, toFloat32(file.tensors.get(name)!)]));

/** The largest difference between two sets of weights, relative to the largest value of each tensor. */
function difference(a: WeightsFile, b: WeightsFile): number {
  const left = values(a);
  const right = values(b);
  return Math.max(
    ...TENSORS.map(({ name }) => {
      const x = left.get(name)!;
      const y = right.get(name)!;
      const most = Math.max(...x.map(Math.abs));
      return Math.max(...x.map((v, i) => Math.abs(v - y[i]!))) / most;
    }),
  );
}

describe("importOpenVino", () => {
  const weights = randomWeights(11);
  const read = (dress: Dress) => {
    const { xml, bin } = writeIr(weights, dress);
    return importOpenVino(xml, bin);
  };

  it.each<[string, Dress]>([
    ["version 11", {}],
    ["version 10", { version: 10 }],
    ["constants in another order of the file", { shuffle: true }],
    ["the channels reversed by a Gather", { reverse: "Gather" }],
    ["the channels reversed by a ReverseChannels", { reverse: "ReverseChannels" }],
    ["a slope for each channel, all equal", { slopes: "channel" }],
    ["the last layers as MatMul", { dense: "MatMul" }],
    ["the last layers as MatMul on transposed weights", { dense: "MatMulTransposed" }],
    ["constants on the left side", { left: true }],
    ["a Reshape of the input", { reshape: true }],
  ])("reads %s exactly", (_, dress) => {
    expect(difference(read(dress), weights)).toBe(0);
  });

  it.each<[string, Dress, number]>([
    // One rounding to float32 (2^-24) for each reciprocal or product, relative to the tensor's largest value.
    ["divisions in place of multiplications", { divide: true }, 2 ** -23],
    ["subtractions in place of additions", { subtract: true }, 0],
    // Shift = beta − mean · scale, of terms up to 1.7 and 1.3: five roundings of those beside a shift of 0.2.
    ["batch norms that aren't fused", { norm: "BatchNormInference" }, 2 ** -19],
    ["a multiplication between convolution and bias", { scaled: true }, 2 ** -22],
    ["half-precision constants behind Convert", { halves: true }, 2 ** -10],
    // Half a step: 254 of them reach from the least to the largest weight, or 248 beside a zero point of 3.
    ["weights through FakeQuantize", { quantised: "FakeQuantize" }, 1 / 254 + 1e-6],
    ["weights as bytes behind Convert, Subtract and Multiply", { quantised: "i8" }, 1 / 248 + 1e-6],
  ])("reads %s to their rounding", (_, dress, tolerance) => {
    const file = read(dress);
    expect(difference(file, weights)).toBeLessThanOrEqual(tolerance);
    expect(parseWeights(serializeWeights(file)).metadata).toEqual(file.metadata);
  });

  it("keeps the activations' ranges that a quantised model has", () => {
    const { metadata } = read({ ranges: true });
    const ranges = JSON.parse(metadata.ranges!) as Record<string, [number, number]>;
    expect(Object.keys(ranges)).toEqual([
      "input",
      "conv1",
      "conv2",
      "conv3",
      "conv4",
      "conv5",
      "depthwise",
      "fc1",
      "fc2",
    ]);
    for (const [low, high] of Object.values(ranges)) expect(low).toBeLessThan(high);
  });

  it.each<[string, Dress, RegExp]>([
    ["an unknown layer", { insert: "Softmax" }, /"extra" \(Softmax\) has no place/],
    ["a stage too many", { insert: "Convolution" }, /"extra" \(Convolution\)/],
    ["slopes that differ", { slopes: "different" }, /"conv2.prelu" \(PReLU\) has slopes that differ/],
    ["another stride", { stride: 2 }, /"conv1" \(Convolution\) has other strides/],
    ["a network that ends early", { cut: "fc2" }, /ends after fc1|fc3/],
    ["two paths", { branch: true }, /2 layers follow/],
    ["another version", { version: 7 }, /version 7/],
    ["an element type that isn't read", { type: "bf16" }, /element type "bf16"/],
    ["a constant beyond the file", { offset: 1e9 }, /ends at byte/],
    ["an edge to nowhere", { edge: true }, /edge from layer/],
  ])("refuses %s, naming it", (_, dress, message) => {
    expect(() => read(dress)).toThrow(WeightsError);
    expect(() => read(dress)).toThrow(message);
  });

  it("refuses a cut .bin, a text that isn't XML and XML that isn't an IR", () => {
    const { xml, bin } = writeIr(weights, {});
    expect(() => importOpenVino(xml, bin.subarray(0, bin.length - 1))).toThrow(WeightsError);
    expect(() => importOpenVino("<net><layers></net>", bin)).toThrow(WeightsError);
    expect(() => importOpenVino("no XML", bin)).toThrow(WeightsError);
    expect(() => importOpenVino("<html/>", bin)).toThrow(/no element net/);
    for (let cut = 0; cut < xml.length; cut += 997) {
      expect(() => importOpenVino(xml.slice(0, cut), bin)).toThrow(WeightsError);
    }
  });
});

describe.skipIf(!reference)("the official files (need ../shared)", () => {
  const read = (precision: string) => {
    const path = `omz/landmarks-regression-retail-0009/${precision}/landmarks-regression-retail-0009`;
    return importOpenVino(
      readReference(`${path}.xml`).toString(),
      new Uint8Array(readReference(`${path}.bin`)),
    );
  };
  const worst = (file: WeightsFile) => {
    const { crops, landmarks, count } = golden();
    const got = createLandmarkerSync({ weights: serializeWeights(file) }).run(crops, count);
    return Math.max(...got.map((value, i) => Math.abs(value - landmarks[i]!)));
  };

  it("FP32: every constant, bit for bit", () => {
    const file = read("FP32");
    const parameters = officialParameters();
    let at = 0;
    for (const [name, tensor] of values(file)) {
      expect(tensor, name).toEqual(parameters.slice(at, at + tensor.length));
      at += tensor.length;
    }
    expect(worst(file)).toBeLessThan(2e-5);
  });

  it("FP16: within 8e-4 of the float64 answers", () => {
    expect(worst(read("FP16"))).toBeLessThan(8e-4);
  });

  it("FP16-INT8: its constants' own answers, its ranges kept", () => {
    const file = read("FP16-INT8");
    const { crops, landmarks, count } = golden();
    const got = createLandmarkerSync({ weights: serializeWeights(file) }).run(crops, count);
    // The importer is right when the answers are those of the constants in float64 …
    for (const crop of [0, 38]) {
      const want = forward(values(file), crops.subarray(crop * 6912, (crop + 1) * 6912)).get("fc3")!;
      want.forEach((value, i) => {
        expect(Math.abs(got[crop * 10 + i]! - value)).toBeLessThan(2e-5);
      });
    }
    // … and these lie as far from the unquantised network's as conv1's seven bits put them: one crop by 0.029.
    const worsts = Array.from({ length: count }, (_, crop) =>
      Math.max(
        ...Array.from({ length: 10 }, (_, i) => Math.abs(got[crop * 10 + i]! - landmarks[crop * 10 + i]!)),
      ),
    ).sort((a, b) => b - a);
    expect(worsts[0]).toBeLessThan(3e-2);
    expect(worsts[1]).toBeLessThan(1.8e-2);
    expect(Object.keys(JSON.parse(file.metadata.ranges!))).toHaveLength(9);
  });
});
