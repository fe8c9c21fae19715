/**
 * Each stage by itself, its data in cache, beside what wasm can ask of this machine at most: multiply-adds in a loop of
 * nothing else, and reading from the second-level cache.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { parseWeights, toFloat32 } from "../src/weights/container.ts";
import { readRanges } from "../src/weights/ranges.ts";
import { TENSORS } from "../src/weights/tensors.ts";
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

const FLAGS = ["-O1", "--noAssert", "--runtime", "stub", "--use", "abort=", "--enable", "simd"];

async function instantiate(tier: TierStages["tier"]): Promise<Exports> {
  const file = join(BUILD, `stages-${tier}.wasm`);
  const { error, stderr } = await asc.main([
    "bench/assembly/stages.ts",
    "-o",
    file,
    ...FLAGS,
    ...(tier === "relaxed" ? ["--enable", "relaxed-simd"] : []),
  ]);
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

const conv = (wasm: Exports, name: string, size: number, ic: number, oc: number, tile: number): Job => {
  const output = name < "conv4" ? size / 2 : size;
  const points = (tile + 2) ** 2;
  const map = wasm[`${name.toUpperCase()}_MAP`].value;
  return {
    name,
    run: () => wasm[name](map, 1),
    direct: size * size * 9 * ic * oc,
    executed: points * (size / tile) ** 2 * ic * oc,
    bytes: 4 * (points * ic * oc + size * size * ic + output * output * oc),
  };
};

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
    run: () => wasm.f32_conv3x3_2x2x8(from, weights, params, to, size, padded, oc, pooled),
    direct: size * size * 9 * ic * oc,
    executed: size * size * 9 * padded * oc,
    bytes: 4 * (9 * padded * oc + size * size * padded + output * output * oc),
  };
};

const dense = (wasm: Exports, name: string, input: string, inputs: number, outputs: number): Job => {
  const stage = name.toUpperCase();
  const [from, weights, params, to] = [input, `${stage}_WEIGHTS`, `${stage}_PARAMS`, `${stage}_OUT`].map(
    (key) => wasm[key].value,
  );
  const size = inputs * outputs;
  return {
    name,
    run: () => wasm.f32_dense_32(from, weights, params, to, inputs, outputs),
    direct: size,
    executed: size,
    bytes: 4 * (size + inputs + outputs),
  };
};

function jobs(wasm: Exports): Job[] {
  const at = (key: string): number => wasm[key].value;
  return [
    {
      name: "input",
      run: () => wasm.f32_affine_input(wasm.crops(), at("INPUT_PARAMS"), at("INPUT_MAP")),
      direct: 6912,
      executed: 6912,
      bytes: 6912 + 4 * 4 * 2304,
    },
    conv(wasm, "conv1", 48, 3, 16, 6),
    conv(wasm, "conv2", 24, 16, 32, 6),
    conv(wasm, "conv3", 12, 32, 64, 6),
    conv(wasm, "conv4", 6, 64, 64, 3),
    conv(wasm, "conv5", 6, 64, 128, 3),
    {
      name: "depthwise",
      run: () =>
        wasm.f32_depthwise6x6_8(
          at("CONV5_MAP"),
          at("DEPTHWISE_WEIGHTS"),
          at("DEPTHWISE_PARAMS"),
          at("DEPTHWISE_OUT"),
          128,
        ),
      direct: 36 * 128,
      executed: 36 * 128,
      bytes: 4 * 2 * 36 * 128,
    },
    dense(wasm, "fc1", "DEPTHWISE_OUT", 128, 256),
    dense(wasm, "fc2", "FC1_OUT", 256, 64),
    dense(wasm, "fc3", "FC2_OUT", 64, 32),
  ];
}

/** As `conv`: `ic` of conv1 counts the fourth channel, which carries what the zero point rounds off. */
const int8Conv = (wasm: Exports, name: string, size: number, ic: number, oc: number, tile: number): Job => {
  const output = name < "conv4" ? size / 2 : size;
  const points = (tile + 2) ** 2;
  const map = wasm[`I8_${name.toUpperCase()}_MAP`].value;
  return {
    name,
    run: () => wasm[`i8_${name}`](map, 1),
    direct: size * size * 9 * (name === "conv1" ? 3 : ic) * oc,
    executed: points * (size / tile) ** 2 * ic * oc,
    bytes: 2 * (points * ic * oc + size * size * ic + output * output * oc),
  };
};

function int8Jobs(wasm: Exports): Job[] {
  const at = (key: string): number => wasm[key].value;
  const dense = (name: string, input: string, inputs: number, outputs: number, last: boolean): Job => {
    const stage = name.toUpperCase();
    const [from, weights, params, to] = [
      at(`I8_${input}`),
      at(`I8_${stage}_WEIGHTS`),
      at(`I8_${stage}_PARAMS`),
      at(last ? `${stage}_OUT` : `I8_${stage}_OUT`),
    ];
    const size = inputs * outputs;
    return {
      name,
      run: () => wasm.i16_dense_16(from, weights, params, to, inputs, outputs, last),
      direct: size,
      executed: size,
      bytes: 2 * (size + inputs + outputs),
    };
  };
  return [
    {
      name: "input",
      run: () => wasm.i16_input_pairs(wasm.crops(), at("I8_INPUT_OFFSETS"), at("I8_INPUT_MAP")),
      direct: 6912,
      executed: 6912,
      bytes: 6912 + 2 * 4 * 2304,
    },
    int8Conv(wasm, "conv1", 48, 4, 16, 4),
    int8Conv(wasm, "conv2", 24, 16, 32, 4),
    int8Conv(wasm, "conv3", 12, 32, 64, 4),
    int8Conv(wasm, "conv4", 6, 64, 64, 3),
    int8Conv(wasm, "conv5", 6, 64, 128, 3),
    {
      name: "depthwise",
      run: () =>
        wasm.i16_depthwise6x6(
          at("I8_CONV5_MAP"),
          at("I8_DEPTHWISE_WEIGHTS"),
          at("I8_DEPTHWISE_PARAMS"),
          at("I8_DEPTHWISE_OUT"),
          128,
        ),
      direct: 36 * 128,
      executed: 36 * 128,
      bytes: 2 * 2 * 36 * 128,
    },
    dense("fc1", "DEPTHWISE_OUT", 128, 256, false),
    dense("fc2", "FC1_OUT", 256, 64, false),
    dense("fc3", "FC2_OUT", 64, 16, true),
  ];
}

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
    const float = jobs(wasm);
    const reference = referenceJobs(wasm);
    const list = [...float, ...reference, ...int8Jobs(wasm)];
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
