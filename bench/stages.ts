/**
 * Each stage by itself, its data in cache, beside what wasm can ask of this machine at most: multiply-adds in a loop of
 * nothing else, and reading from the second-level cache.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { toFloat32 } from "../src/core/container.ts";
import { LANDMARKS, parseWeights, TENSORS } from "../src/core/landmarks.ts";
import { type Stage as NetworkStage, outputSize } from "../src/core/network.ts";
import { readRanges } from "../src/core/ranges.ts";
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

/** Input channels as they lie in memory: the three of the input in `padded`. */
const inMemory = ({ inputs }: NetworkStage, padded: number): number => (inputs === 3 ? padded : inputs);

/** The stages of one face, as network.ts and network_int8.ts call them. */
function jobs(wasm: Exports, arithmetic: keyof typeof ARITHMETICS): Job[] {
  const { buffers, functions, bytes, tile, padded } = ARITHMETICS[arithmetic];
  const isFloat = arithmetic === "f32";
  const at = (key: string): number => wasm[buffers + key].value;
  const conv = (stage: NetworkStage): Job => {
    const { name, size, outputs, pooled } = stage;
    const m = pooled ? tile : 3;
    const points = (m + 2) ** 2;
    const inputs = inMemory(stage, padded);
    const map = at(`${name.toUpperCase()}_MAP`);
    return {
      name,
      run: () => wasm[functions + name](map, 1),
      direct: size * size * 9 * stage.inputs * outputs,
      executed: points * (size / m) ** 2 * inputs * outputs,
      bytes: bytes * (points * inputs * outputs + size * size * inputs + outputSize(stage) ** 2 * outputs),
    };
  };
  const dense = ({ name, inputs, ...stage }: NetworkStage, before: NetworkStage): Job => {
    const key = name.toUpperCase();
    const from = at(`${before.name.toUpperCase()}_OUT`);
    const weights = at(`${key}_WEIGHTS`);
    const isLast = !stage.slope; // its ten outputs are padded, and float in both
    const to = isLast ? wasm[`${key}_OUT`].value : at(`${key}_OUT`);
    const outputs = isLast ? (isFloat ? 32 : 16) : stage.outputs;
    const size = inputs * outputs;
    return {
      name,
      run: isFloat
        ? () => wasm.f32_dense_32(from, weights, to, inputs, outputs)
        : () => wasm.i16_dense_16(from, weights, to, inputs, outputs, isLast),
      direct: size,
      executed: size,
      bytes: bytes * (size + inputs + outputs),
    };
  };
  const depthwise = ({ name, size, inputs }: NetworkStage, before: NetworkStage): Job => {
    const key = name.toUpperCase();
    const keys = [`${before.name.toUpperCase()}_MAP`, `${key}_WEIGHTS`, `${key}_OUT`];
    const places = keys.map(at);
    const kernel = isFloat ? wasm.f32_depthwise6x6_8 : wasm.i16_depthwise6x6;
    const products = size * size * inputs;
    return {
      name,
      run: () => kernel(...places, inputs),
      direct: products,
      executed: products,
      bytes: 2 * bytes * products,
    };
  };
  const input = ({ name, size, inputs }: NetworkStage): Job => {
    const places = [wasm.crops(), at(isFloat ? "INPUT_WEIGHTS" : "INPUT_OFFSETS"), at("INPUT_MAP")];
    const kernel = isFloat ? wasm.f32_affine_input : wasm.i16_input_pairs;
    const values = size * size * inputs;
    return {
      name,
      run: () => kernel(...places, size, size),
      direct: values,
      executed: values,
      bytes: values + bytes * 4 * size * size,
    };
  };
  const makers = { input, conv, depthwise, dense };
  return LANDMARKS.stages.map((stage, i) => makers[stage.kind](stage, LANDMARKS.stages[i - 1]!));
}

/** The convolutions of the reference tier. */
const referenceJobs = (wasm: Exports): Job[] =>
  LANDMARKS.stages.flatMap((stage, i) => (stage.kind === "conv" ? [directConv(wasm, stage, i)] : []));

function directConv(wasm: Exports, stage: NetworkStage, i: number): Job {
  const { name, size, outputs, pooled } = stage;
  const key = name.toUpperCase();
  const before = LANDMARKS.stages[i - 1]!.name.toUpperCase();
  const inputs = inMemory(stage, 4);
  const keys = [`${before}_MAP`, `DIRECT_${key}_WEIGHTS`, `${key}_MAP`];
  const [from, weights, to] = keys.map((place) => wasm[place].value);
  return {
    name: `${name}, direct`,
    run: () => wasm.f32_conv3x3_2x2x8(from, weights, to, size, size, inputs, outputs, pooled),
    direct: size * size * 9 * stage.inputs * outputs,
    executed: size * size * 9 * inputs * outputs,
    bytes: 4 * (9 * inputs * outputs + size * size * inputs + outputSize(stage) ** 2 * outputs),
  };
}

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
