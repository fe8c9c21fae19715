/**
 * Each stage by itself, its data in cache, beside what wasm can ask of this machine at most: multiply-adds in a loop of
 * nothing else, and reading from the second-level cache.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { parseWeights, toFloat32 } from "../src/core/container.ts";
import { readRanges } from "../src/core/ranges.ts";
import { TENSORS } from "../src/core/tensors.ts";
import { BUILD, MODELS } from "./prepare.ts";
import { median } from "./statistics.ts";

export interface Stage {
  readonly name: string;
  /** Microseconds for one face. */
  readonly us: number;
  /** Multiply-adds of the layer as it is defined. */
  readonly direct: number;
  /** Multiply-adds that are executed: Winograd leaves fewer. */
  readonly executed: number;
  /** Weights as packed, and the maps before and after. */
  readonly bytes: number;
}

export interface TierStages {
  readonly tier: "relaxed" | "baseline";
  /** Multiply-adds a nanosecond. */
  readonly peak: number;
  readonly peakInt16: number;
  /** Bytes a nanosecond. */
  readonly bandwidth: number;
  readonly stages: readonly Stage[];
  /** The convolutions of the reference tier. */
  readonly reference: readonly Stage[];
  /** The int8 network's, whose multiply-adds are of int16. */
  readonly int8: readonly Stage[];
}

// biome-ignore lint/suspicious/noExplicitAny: the exports of bench/assembly/stages.ts, functions and addresses
type Exports = any;

async function instantiate(tier: TierStages["tier"]): Promise<Exports> {
  const file = join(BUILD, `stages-${tier}.wasm`);
  const { error, stderr } = await asc.main(["bench/assembly/stages.ts", "--target", tier, "--outFile", file]);
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const wasm: Exports = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file))).exports;
  const weights = parseWeights(readFileSync(join(MODELS, "weights.safetensors")));
  let parameter = wasm.parameters();
  for (const { name } of TENSORS) {
    const values = toFloat32(weights.tensors.get(name)!);
    new Float32Array(wasm.memory.buffer, parameter, values.length).set(values);
    parameter += values.byteLength;
  }
  new Float32Array(wasm.memory.buffer, wasm.ranges()).set(readRanges(weights).flat());
  wasm.packInt8(); // first, for its scratch is what `forward` leaves its maps in
  wasm.pack();
  wasm.packDirect();
  const crops = readFileSync(join(MODELS, "crops.bin"));
  new Uint8Array(wasm.memory.buffer, wasm.crops(), 6912).set(crops.subarray(0, 6912));
  wasm.forward(1); // so that every stage finds values of a face
  wasm.forwardInt8(1);
  return wasm;
}

interface Job {
  readonly name: string;
  readonly run: () => unknown;
  readonly direct: number;
  readonly executed: number;
  readonly bytes: number;
}

/** What the names of its buffers and functions begin with, the bytes of a number, and its own of what differs. */
const ARITHMETICS = {
  f32: { buffers: "", functions: "", bytes: 4, tile: 6, padded: 3 },
  // The fourth channel of conv1's input carries what the zero point rounds off.
  int8: { buffers: "I8_", functions: "i8_", bytes: 2, tile: 4, padded: 4 },
} as const;

/** The stages of one face, as network.ts and network_int8.ts call them. */
function jobs(wasm: Exports, arithmetic: keyof typeof ARITHMETICS): Job[] {
  const { buffers, functions, bytes, tile, padded } = ARITHMETICS[arithmetic];
  const isFloat = arithmetic === "f32";
  const at = (key: string): number => wasm[buffers + key].value;
  const conv = (name: string, size: number, ic: number, oc: number): Job => {
    const pooled = name < "conv4";
    const output = pooled ? size / 2 : size;
    const m = pooled ? tile : 3;
    const points = (m + 2) ** 2;
    const inputs = name === "conv1" ? padded : ic;
    const map = at(`${name.toUpperCase()}_MAP`);
    return {
      name,
      run: () => wasm[functions + name](map, 1),
      direct: size * size * 9 * ic * oc,
      executed: points * (size / m) ** 2 * inputs * oc,
      bytes: bytes * (points * inputs * oc + size * size * inputs + output * output * oc),
    };
  };
  const dense = (name: string, input: string, inputs: number, outputs: number): Job => {
    const stage = name.toUpperCase();
    const [from, weights, params] = [at(input), at(`${stage}_WEIGHTS`), at(`${stage}_PARAMS`)];
    const isLast = name === "fc3"; // whose output is float in both
    const to = isLast ? wasm.FC3_OUT.value : at(`${stage}_OUT`);
    const size = inputs * outputs;
    return {
      name,
      run: isFloat
        ? () => wasm.f32_dense_32(from, weights, params, to, inputs, outputs)
        : () => wasm.i16_dense_16(from, weights, params, to, inputs, outputs, isLast),
      direct: size,
      executed: size,
      bytes: bytes * (size + inputs + outputs),
    };
  };
  const pooling = ["CONV5_MAP", "DEPTHWISE_WEIGHTS", "DEPTHWISE_PARAMS", "DEPTHWISE_OUT"].map(at);
  const depthwise = isFloat ? wasm.f32_depthwise6x6_8 : wasm.i16_depthwise6x6;
  const input = isFloat ? wasm.f32_affine_input : wasm.i16_input_pairs;
  const [crop, offsets, map] = [
    wasm.crops(),
    at(isFloat ? "INPUT_PARAMS" : "INPUT_OFFSETS"),
    at("INPUT_MAP"),
  ];
  return [
    {
      name: "input",
      run: () => input(crop, offsets, map, 48, 48),
      direct: 6912,
      executed: 6912,
      bytes: 6912 + bytes * 4 * 2304,
    },
    conv("conv1", 48, 3, 16),
    conv("conv2", 24, 16, 32),
    conv("conv3", 12, 32, 64),
    conv("conv4", 6, 64, 64),
    conv("conv5", 6, 64, 128),
    {
      name: "depthwise",
      run: () => depthwise(...pooling, 128),
      direct: 36 * 128,
      executed: 36 * 128,
      bytes: bytes * 2 * 36 * 128,
    },
    dense("fc1", "DEPTHWISE_OUT", 128, 256),
    dense("fc2", "FC1_OUT", 256, 64),
    dense("fc3", "FC2_OUT", 64, isFloat ? 32 : 16), // ten outputs, padded
  ];
}

/** `padded`: input channels in memory; conv1's three lie in four. */
const directConv = (
  wasm: Exports,
  name: string,
  input: string,
  size: number,
  ic: number,
  padded: number,
  oc: number,
): Job => {
  const stage = name.toUpperCase();
  const pooled = name < "conv4";
  const output = pooled ? size / 2 : size;
  const keys = [input, `DIRECT_${stage}_WEIGHTS`, `${stage}_PARAMS`, `${stage}_MAP`];
  const [from, weights, params, to] = keys.map((key) => wasm[key].value);
  return {
    name: `${name}, direct`,
    run: () => wasm.f32_conv3x3_2x2x8(from, weights, params, to, size, size, padded, oc, pooled),
    direct: size * size * 9 * ic * oc,
    executed: size * size * 9 * padded * oc,
    bytes: 4 * (9 * padded * oc + size * size * padded + output * output * oc),
  };
};

const referenceJobs = (wasm: Exports): Job[] => [
  directConv(wasm, "conv1", "INPUT_MAP", 48, 3, 4, 16),
  directConv(wasm, "conv2", "CONV1_MAP", 24, 16, 16, 32),
  directConv(wasm, "conv3", "CONV2_MAP", 12, 32, 32, 64),
  directConv(wasm, "conv4", "CONV3_MAP", 6, 64, 64, 64),
  directConv(wasm, "conv5", "CONV4_MAP", 6, 64, 64, 128),
];

/** Microseconds of each function: the median over interleaved rounds of about half a millisecond each. */
function interleave(functions: readonly (() => unknown)[], rounds: number): number[] {
  const time = (run: () => unknown, calls: number) => {
    const began = performance.now();
    for (let i = 0; i < calls; i++) run();
    return ((performance.now() - began) * 1000) / calls;
  };
  const calls = functions.map((run) => {
    time(run, 3000); // until the optimising compiler is done
    return Math.ceil(500 / time(run, 100));
  });
  const samples: number[][] = functions.map(() => []);
  for (let round = 0; round < rounds; round++) {
    functions.forEach((run, i) => {
      time(run, Math.ceil(calls[i]! / 10));
      for (let k = 0; k < 5; k++) samples[i]!.push(time(run, calls[i]!));
    });
  }
  return samples.map(median);
}

export async function measureStages(rounds: number): Promise<TierStages[]> {
  const tiers: TierStages[] = [];
  for (const tier of ["relaxed", "baseline"] as const) {
    console.error(`stages, ${tier} …`);
    const wasm = await instantiate(tier);
    const float = jobs(wasm, "f32");
    const reference = referenceJobs(wasm);
    const list = [...float, ...reference, ...jobs(wasm, "int8")];
    const [peak, peakInt16, read, ...times] = interleave(
      [
        () => wasm.peak_f32(1000),
        () => wasm.peak_i16(1000),
        () => wasm.read(),
        ...list.map(({ run }) => run),
      ],
      rounds,
    ) as [number, number, number, ...number[]];
    const measured = list.map(({ run: _, ...job }, i): Stage => ({ ...job, us: times[i]! }));
    const convolutions = float.length + reference.length;
    tiers.push({
      tier,
      peak: 48 / peak,
      peakInt16: 96 / peakInt16,
      bandwidth: 524.288 / read,
      stages: measured.slice(0, float.length),
      reference: measured.slice(float.length, convolutions),
      int8: measured.slice(convolutions),
    });
  }
  return tiers;
}
