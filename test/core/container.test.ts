import { readFileSync } from "node:fs";
import { createLandmarkerSync } from "fivepoint";
import { describe, expect, it } from "vitest";
import {
  checkFinite,
  parseContainer,
  serializeContainer,
  toFloat32,
  toHalves,
  toTensor,
  type WeightsFile,
} from "../../src/core/container.ts";
import { WeightsError } from "../../src/core/errors.ts";
import { parseWeights, serializeWeights, TENSORS } from "../../src/core/landmarks.ts";
import { elements, tensorsOf } from "../../src/core/network.ts";
import { random } from "../support/random.ts";
import { randomWeights } from "../support/weights.ts";

// biome-ignore lint/suspicious/noExplicitAny: headers that are wrong on purpose
type Header = Record<string, any>;

/** The file with another header. */
function withHeader(bytes: Uint8Array, change: (header: Header) => void): Uint8Array {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size))) as Header;
  change(header);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + bytes.length - 8 - size);
  new DataView(out.buffer).setUint32(0, json.length, true);
  out.set(json, 8);
  out.set(bytes.subarray(8 + size), 8 + json.length);
  return out;
}

describe("parseWeights", () => {
  const file = randomWeights(1);
  const bytes = serializeWeights(file);

  it("reads what serializeWeights writes, at any alignment", () => {
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    for (const read of [parseWeights(bytes), parseWeights(shifted.subarray(1))]) {
      expect(read.metadata).toEqual(file.metadata);
      for (const { name } of TENSORS)
        expect(toFloat32(read.tensors.get(name)!), name).toEqual(toFloat32(file.tensors.get(name)!));
    }
  });

  it("writes tensors in the order of the stages, from an address that 8 divides", () => {
    expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
    expect(serializeWeights(parseWeights(bytes))).toEqual(bytes);
  });

  it("reads the shipped file", () => {
    const { metadata, tensors } = parseWeights(readFileSync("weights/default.safetensors"));
    expect(metadata.license).toBe("CC-BY-4.0");
    expect([...tensors.values()].every(({ dtype }) => dtype === "F16")).toBe(true);
  });

  it("refuses a file cut at any place", () => {
    for (let length = 0; length < bytes.length; length += length < 6000 ? 61 : 9973) {
      expect(() => parseWeights(bytes.subarray(0, length)), `${length} bytes`).toThrow(WeightsError);
    }
    expect(() => parseWeights(bytes.subarray(0, bytes.length - 1))).toThrow(/cut/);
  });

  it("throws nothing but WeightsError for damaged files", { tags: "slow" }, () => {
    const seed = 7;
    const next = random(seed);
    let refused = 0;
    for (let i = 0; i < 1500; i++) {
      const damaged = bytes.slice(0, bytes.length);
      for (let flips = 1 + 3 * next(); flips > 0; flips--)
        damaged[Math.floor(4500 * next())]! ^= 1 << (8 * next());
      try {
        parseWeights(damaged);
      } catch (error) {
        refused++;
        expect(error, `seed ${seed}, file ${i}`).toBeInstanceOf(WeightsError);
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it.each<[string, (header: Header) => void, RegExp]>([
    ["a missing tensor", (h) => delete h["conv3.bias"], /conv3\.bias is missing/],
    ["an unknown tensor", (h) => (h["conv6.bias"] = h["conv1.bias"]), /unknown tensor "conv6.bias"/],
    [
      "another shape",
      (h) => (h["fc1.weight"].shape = [128, 256]),
      /fc1\.weight has the shape \[128,256\], not \[256,128\]/,
    ],
    ["another dtype", (h) => (h["fc1.bias"].dtype = "BF16"), /fc1\.bias has the dtype "BF16"/],
    ["offsets too close", (h) => (h["fc1.bias"].data_offsets[1] -= 4), /fc1\.bias has the offsets/],
    ["a negative offset", (h) => (h["input.scale"].data_offsets = [-12, 0]), /input\.scale has the offsets/],
    ["no offsets", (h) => delete h["input.scale"].data_offsets, /input\.scale has the offsets undefined/],
    ["two tensors in one place", (h) => (h["input.shift"].data_offsets = [0, 12]), /overlaps another tensor/],
    ["another format", (h) => (h.__metadata__.format = "pt"), /metadata has the format "pt"/],
    ["no format", (h) => delete h.__metadata__.format, /metadata lacks format/],
    ["no name", (h) => delete h.__metadata__.name, /metadata/],
    ["metadata that isn't text", (h) => (h.__metadata__.version = 1), /metadata/],
  ])("refuses %s", (_, change, message) => {
    expect(() => parseWeights(withHeader(bytes, change))).toThrow(message);
  });

  it("isn't written when a tensor is missing", () => {
    const tensors = new Map(file.tensors);
    tensors.delete("fc2.slope");
    expect(() => serializeWeights({ ...file, tensors })).toThrow(WeightsError);
  });

  it("refuses bytes after the last tensor", () => {
    const longer = new Uint8Array(bytes.length + 3);
    longer.set(bytes);
    expect(() => parseWeights(longer)).toThrow(/3 bytes follow/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %d among the values",
    (value) => {
      const broken = new Map(file.tensors);
      const values = toFloat32(file.tensors.get("conv4.bias")!);
      values[17] = value;
      broken.set("conv4.bias", { dtype: "F32", shape: [64], data: new Uint8Array(values.buffer) });
      const bytes = serializeWeights({ ...file, tensors: broken });
      expect(() => checkFinite(parseWeights(bytes))).toThrow(
        /conv4\.bias holds a value that isn't finite \(at 17\)/,
      );
      expect(() => createLandmarkerSync({ weights: bytes })).toThrow(
        /conv4\.bias holds a value that isn't finite/,
      );
    },
  );
});

describe("another network's table", () => {
  const tall = { name: "tall", kind: "dense", inputs: 2, outputs: 3, size: 1 } as const;
  const extra = { ...tall, name: "extra", outputs: 1 };
  const network = { format: "hands", stages: [tall], optional: [extra] };
  const metadata = { format: "hands", version: "1", name: "n", license: "none", source: "a test" };
  const file = (...names: string[]): WeightsFile => {
    const shapes = new Map([tall, extra].flatMap(tensorsOf).map(({ name, shape }) => [name, shape]));
    const tensor = (name: string) => {
      const shape = shapes.get(name)!;
      return toTensor(name, "F32", shape, new Float32Array(elements(shape)).fill(names.length));
    };
    return { metadata, tensors: new Map(names.map((name) => [name, tensor(name)])) };
  };
  const required = ["tall.weight", "tall.bias"];
  const all = [...required, "extra.weight", "extra.bias"];

  it.each([
    ["without", required],
    ["with", all],
  ])("gives its files their tensors, %s the optional stage", (_, names) => {
    const read = parseContainer(serializeContainer(file(...names), network), network);
    expect(read).toEqual(file(...names));
    expect([...read.tensors.keys()]).toEqual(names);
  });

  it("allows no part of an optional stage, and no other network's file", () => {
    const part = [...required, "extra.weight"];
    expect(() => serializeContainer(file(...part), network)).toThrow(/lack the tensor extra\.bias/);
    const bytes = serializeContainer(file(...all), network);
    const without = withHeader(bytes, (header) => delete header["extra.bias"]);
    expect(() => parseContainer(without, network)).toThrow(
      "This isn't a hands weights file: the tensor extra.bias is missing.",
    );
    expect(() => parseWeights(bytes)).toThrow(
      `This isn't a fivepoint weights file: its metadata has the format "hands".`,
    );
  });
});

it("a landmarker refuses halves that aren't finite", () => {
  for (const half of [0x7c00, 0xfc00, 0x7e01]) {
    const bytes = readFileSync("weights/default.safetensors");
    bytes.writeUInt16LE(half, bytes.length - 4); // in score.weight
    expect(() => createLandmarkerSync({ weights: bytes })).toThrow(
      /score\.weight holds a value that isn't finite \(at 255\)/,
    );
  }
});

describe("toHalves", () => {
  const withValues = (values: number[]): WeightsFile => {
    const data = new Uint8Array(
      Float32Array.from({ length: 64 }, (_, i) => values[i % values.length]!).buffer,
    );
    const file = randomWeights(2);
    return {
      ...file,
      tensors: new Map([...file.tensors, ["conv4.bias", { dtype: "F32", shape: [64], data }]]),
    };
  };
  const rounded = (values: number[]) =>
    [...toFloat32(toHalves(withValues(values)).tensors.get("conv4.bias")!)].slice(0, values.length);

  it("rounds to the nearest half, ties to even", () => {
    // 1 + 2^-11 lies between 1 and 1 + 2^-10; 2^-24 is the least half, 65504 the largest.
    expect(
      rounded([-0, 1, -1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, 2 - 2 ** -13]),
    ).toEqual([-0, 1, -1, 1, 1 + 2 ** -9, 1 + 2 ** -10, 2]);
    expect(rounded([0, 2 ** -24, -(2 ** -25), 3 * 2 ** -25, 2 ** -14 - 2 ** -25, 65504, 65519])).toEqual([
      0,
      2 ** -24,
      -0,
      2 ** -23,
      2 ** -14,
      65504,
      65504,
    ]);
  });

  it("keeps every half as it is, and refuses what is too large", () => {
    const shipped = parseWeights(readFileSync("weights/default.safetensors"));
    expect(serializeWeights(toHalves(shipped))).toEqual(serializeWeights(shipped));
    expect(() => toHalves(withValues([65520]))).toThrow(WeightsError);
  });
});
