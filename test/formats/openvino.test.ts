import { createLandmarkerSync, WeightsError } from "fivepoint";
import { importOpenVino } from "fivepoint/openvino";
import { describe, expect, it } from "vitest";
import { toFloat32, type WeightsFile } from "../../src/core/container.ts";
import { parseWeights, serializeWeights, TENSORS } from "../../src/core/landmarks.ts";
import { forward } from "../reference/network.ts";
import { type Dress, writeIr } from "../support/openvino.ts";
import { random } from "../support/random.ts";
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
    ["version 10 with types and shapes at the ports", { version: 10, early: true, reverse: "Gather" }],
    ["constants in another order of the file", { shuffle: true }],
    ["the channels reversed by a Gather", { reverse: "Gather" }],
    ["the channels reversed by a ReverseChannels", { reverse: "ReverseChannels" }],
    ["the channels reversed by a Gather that counts axes from the end", { reverse: "GatherFromEnd" }],
    ["the channels reversed by a StridedSlice", { reverse: "StridedSlice" }],
    ["the channels reversed by a StridedSlice with masks", { reverse: "StridedSliceMasked" }],
    ["a slope for each channel, all equal", { slopes: "channel" }],
    ["the last layers as MatMul", { dense: "MatMul" }],
    ["the last layers as MatMul on transposed weights", { dense: "MatMulTransposed" }],
    ["True and False with capitals", { dense: "MatMulTransposed", capitals: true }],
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
    ["batch norms that aren't fused", { norm: "data first" }, 2 ** -19],
    ["batch norms of the first version", { version: 10, norm: "data third" }, 2 ** -19],
    ["a multiplication between convolution and bias", { scaled: true }, 2 ** -22],
    ["half-precision constants behind Convert", { halves: "Convert" }, 2 ** -10],
    ["half-precision constants behind a chain of Convert", { halves: "chain" }, 2 ** -10],
    ["half-precision constants as they are", { version: 10, early: true, halves: "bare" }, 2 ** -10],
    // Half a step: 254 of them reach from the least to the largest weight, or 248 beside a zero point of 3.
    ["weights through FakeQuantize", { quantised: "FakeQuantize" }, 1 / 254 + 1e-6],
    ["weights as bytes behind Convert, Subtract and Multiply", { quantised: "i8" }, 1 / 248 + 1e-6],
    ["bytes whose steps are half-precision", { quantised: "i8", halves: "chain" }, 1 / 248 + 2 ** -10],
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
    ...[
      [
        [0, 0, 0, 0],
        [1, 3, 48, 48],
        [1, 1, 1, 1],
      ],
      [
        [0, -1, 0, 0],
        [1, -4, 48, 48],
        [1, -1, 1, -1],
      ],
      [
        [0, -1, 1, 0],
        [1, -4, 48, 48],
        [1, -1, 1, 1],
      ],
      [
        [0, -1, 0, 0],
        [1, -4, 47, 48],
        [1, -1, 1, 1],
      ],
      [
        [0, -1, 0, 0],
        [1, 0, 48, 48],
        [1, -1, 1, 1],
      ],
      [
        [0, 1, 0, 0],
        [1, -4, 48, 48],
        [1, -1, 1, 1],
      ],
      [[0], [1], [1]],
    ].map((slice): [string, Dress, RegExp] => [
      `the slice ${JSON.stringify(slice)}`,
      { reverse: "StridedSlice", slice: slice as [number[], number[], number[]] },
      /"reverse" \(StridedSlice\) must reverse the channels/,
    ]),
  ])("refuses %s, naming it", (_, dress, message) => {
    expect(() => read(dress)).toThrow(WeightsError);
    expect(() => read(dress)).toThrow(message);
  });

  const plain = writeIr(weights, {});
  const bytes = writeIr(weights, { quantised: "i8" });
  const reversed = writeIr(weights, { reverse: "ReverseChannels" });
  /** The layer's id. */
  const id = (xml: string, name: string) =>
    xml.match(new RegExp(`<layer id="(\\d+)" name="${name.replaceAll(".", "\\.")}"`))![1]!;
  /** The edge into a layer's port comes from another layer. */
  const feed = (xml: string, from: string, to: string, port = 0) => {
    const end = `to-layer="${id(xml, to)}" to-port="${port}"/>`;
    return xml.replace(
      new RegExp(`<edge from-layer="\\d+" from-port="\\d+" ${end}`),
      `<edge from-layer="${id(xml, from)}" from-port="9" ${end}`,
    );
  };

  it.each<[string, { xml: string; bin: Uint8Array }, (xml: string) => string, RegExp]>([
    [
      "a constant that depends on itself",
      bytes,
      (xml) => feed(xml, "conv2.weight.converted", "conv2.weight.converted"),
      /"conv2.weight.converted" depends on itself/,
    ],
    [
      "activations in a circle",
      reversed,
      (xml) => feed(xml, "reverse", "reverse"),
      /"reverse" depends on itself/,
    ],
    [
      "a layer more than once",
      plain,
      (xml) => xml.replace("<layers>", '<layers><layer id="0" name="twin" type="Parameter"/>'),
      /"crops" has the id of another/,
    ],
    [
      "two edges into one port",
      plain,
      (xml) => xml.replace(/<edge [^>]*>/, "$&$&"),
      /Input 0 of the layer "input.mul" has two edges/,
    ],
    [
      "a port without an edge",
      plain,
      (xml) => xml.replace(/<edge [^>]*>/, ""),
      /Input 0 of the layer "input.mul" isn't connected/,
    ],
    [
      "more layers than the network can have",
      plain,
      (xml) =>
        xml.replace(
          "<layers>",
          `<layers>${Array.from({ length: 1000 }, (_, i) => `<layer id="x${i}" name="x"/>`).join("")}`,
        ),
      /layers, but this network has about a hundred/,
    ],
    [
      "an element type with the name of a property",
      plain,
      (xml) => xml.replace('element_type="f32" shape="1, 3, 1, 1"', 'element_type="constructor"'),
      /element type "constructor", which can't be read/,
    ],
    [
      "an operation with the name of a property, on constants",
      bytes,
      (xml) => xml.replace('type="Subtract"', 'type="constructor"'),
      /"conv1.weight.centred" \(constructor\) can't be evaluated/,
    ],
    [
      "an operation on constants that lacks an input",
      bytes,
      (xml) =>
        xml
          .replace(new RegExp(`<edge [^>]*to-layer="${id(xml, "conv1.weight.centred")}" to-port="1"/>`), "")
          .replace(/(name="conv1\.weight\.centred"[^\n]*?)<port id="1" precision="FP32"\/>/, "$1"),
      /"conv1.weight.centred" \(Subtract\) has 1 inputs instead of 2/,
    ],
    [
      "constants that broadcast to more than any tensor has",
      bytes,
      (xml) =>
        xml
          .replace(/(name="conv1\.weight\.zero".*?shape=)"" size="4"/, '$1"50000, 1, 1, 1, 1" size="200000"')
          .replace(/(name="conv1\.weight\.zero".*?offset=)"\d+"/, '$1"0"'),
      /The shapes \[16,3,3,3\] and \[50000,1,1,1,1\] at the layer "conv1.weight.centred"/,
    ],
    [
      "a shape with a negative size",
      plain,
      (xml) => xml.replace('shape="1, 3, 1, 1"', 'shape="-1, -3, 1, 1"'),
      /"input.mul.value" has 12 bytes, which doesn't fit its shape/,
    ],
    [
      "a convolution without pads",
      plain,
      (xml) => xml.replace('pads_begin="1,1" pads_end="1,1" ', ""),
      /"conv1" \(Convolution\) has other strides, dilations or pads/,
    ],
    [
      "a convolution told to be valid",
      plain,
      (xml) => xml.replace('auto_pad="explicit"', 'auto_pad="valid"'),
      /"conv1" \(Convolution\) has other strides, dilations or pads/,
    ],
    [
      "a pool without a kernel",
      plain,
      (xml) => xml.replace('kernel="2, 2" ', ""),
      /"conv1.pool" \(MaxPool\) isn't 2×2/,
    ],
    [
      "activations made whole numbers",
      plain,
      (xml) =>
        xml.replace(
          /(name="conv1\.prelu" type=")PReLU("[^\n]*?)<data\/>/,
          '$1Convert$2<data destination_type="i8"/>',
        ),
      /"conv1.prelu" \(Convert\) makes the activations i8/,
    ],
    [
      "activations in the place of a slope",
      plain,
      (xml) => {
        const swapped = feed(xml, "conv1.slope", "conv1.prelu", 0);
        return feed(swapped, "conv1.bias", "conv1.prelu", 1);
      },
      /"conv1.prelu" \(PReLU\) has the activations as input 1, not 0/,
    ],
  ])("refuses %s", (_, { xml, bin }, edit, message) => {
    const edited = edit(xml);
    expect(edited).not.toBe(xml);
    expect(() => importOpenVino(edited, bin)).toThrow(WeightsError);
    expect(() => importOpenVino(edited, bin)).toThrow(message);
  });

  it.each(["same_upper", "same_lower"])("takes auto_pad %s for the pads that it comes to", (auto) => {
    const xml = plain.xml.replaceAll(
      'pads_begin="1,1" pads_end="1,1" auto_pad="explicit"',
      `auto_pad="${auto}"`,
    );
    expect(xml).not.toBe(plain.xml);
    expect(difference(importOpenVino(xml, plain.bin), weights)).toBe(0);
  });

  it("throws nothing but WeightsError for damaged graphs, and comes to an end", { tags: "slow" }, () => {
    const seed = 5;
    const next = random(seed);
    const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)]!;
    const values = [
      "",
      "-1",
      "0",
      "1",
      "2",
      "7",
      "1e9",
      "NaN",
      "1,1",
      "f16",
      "i64",
      "Const",
      "Convert",
      "Add",
      "toString",
    ];
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const { xml, bin } = pick([plain, bytes, reversed]);
      const damages: (() => string)[] = [
        () =>
          xml.replace(pick(xml.match(/ [a-z-]+="[^"]*"/g)!), (text) =>
            text.replace(/".*"/, `"${pick(values)}"`),
          ),
        () => xml.replace(pick(xml.match(/<(layer|edge|data|port|input)[ >/][^>]*>/g)!), ""),
        () => xml.replace(pick(xml.match(/<edge [^>]*>/g)!), pick(xml.match(/<edge [^>]*>/g)!)),
        () =>
          xml.replace(pick(xml.match(/(from|to)-layer="\d+"/g)!), `from-layer="${Math.floor(next() * 90)}"`),
        () => xml.replace(pick(xml.match(/<data[^>]*>/g)!), "<data><shape/><levels>x</levels></data>"),
      ];
      try {
        parseWeights(serializeWeights(importOpenVino(pick(damages)(), bin)));
      } catch (error) {
        refused++;
        expect(error, `seed ${seed}, graph ${i}`).toBeInstanceOf(WeightsError);
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("says which argument isn't text or bytes", () => {
    const call = (xml: unknown, bin: unknown) => () => importOpenVino(xml as string, bin as Uint8Array);
    expect(call(null, plain.bin)).toThrow(/for xml, but received null/);
    expect(call(plain.xml, plain.xml)).toThrow(TypeError);
    expect(call(plain.xml, new Float32Array(3))).toThrow(/for bin, but received Float32Array of 12 bytes/);
    expect(difference(importOpenVino(plain.xml, Buffer.from(plain.bin)), weights)).toBe(0);
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
    // Each weight is within half a step of the unquantised one; that and its range were float16 before. A step is the
    // output's largest weight ÷ 127 (conv1, of seven bits, ÷ 63), and 9.33e-6 in two depthwise filters of next to nothing.
    const exact = values(read("FP32"));
    for (const [name, tensor] of values(file)) {
      if (!name.endsWith(".weight")) continue;
      const want = exact.get(name)!;
      const each = tensor.length / file.tensors.get(name)!.shape[0]!;
      for (let at = 0; at < tensor.length; at += each) {
        const most = Math.max(...want.subarray(at, at + each).map(Math.abs));
        const step = Math.max(most / (name === "conv1.weight" ? 63 : 127), 9.33e-6);
        const bound = step / 2 + most * 2 ** -10;
        for (let i = at; i < at + each; i++) {
          const error = Math.abs(tensor[i]! - want[i]!);
          if (error > bound) expect.fail(`${name}[${i}] is ${tensor[i]}, not ${want[i]} ± ${bound}`);
        }
      }
    }
    const { crops, landmarks, count } = golden();
    const got = createLandmarkerSync({ weights: serializeWeights(file) }).run(crops, count);
    // The answers are those of the constants in float64 …
    for (const crop of [0, 38]) {
      const want = forward(values(file), crops.subarray(crop * 6912, (crop + 1) * 6912)).get("fc3")!;
      want.forEach((value, i) => {
        expect(Math.abs(got[crop * 10 + i]! - value)).toBeLessThan(2e-5);
      });
    }
    // … and these lie as far from the unquantised network's as conv1's seven bits put them: one crop by 0.029. OpenVINO
    // itself, with the FakeQuantize of the activations taken out, answers the same to 6e-7.
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
