/**
 * `fivepoint bench`: this machine's speed, by itself or beside the ONNX Runtimes that are installed where it is called. One
 * process, one thread each, by turns. The repository's own bench compares with more, each in a process of its own.
 */
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, InvalidArgumentError } from "commander";
import type { Landmarker } from "fivepoint";
import type * as onnxruntime from "onnxruntime-node";
import { Bench } from "tinybench";
import { parseWeights } from "../core/landmarks.ts";
import { exportOnnx } from "../formats/onnx.ts";
import { checkChart, lineChart } from "./chart.ts";
import { readInput, writeWhole } from "./files.ts";
import { EMBEDDED, type ModelOptions, modelOptions, openLandmarker } from "./model.ts";
import { parseList } from "./options.ts";
import { OutputPlan } from "./outputs.ts";

const PEERS = ["onnxruntime-node", "onnxruntime-web"] as const;
type Peer = (typeof PEERS)[number];
/** Faces per call. */
const COUNTS = [1, 4, 16, 64];
const ROUNDS = 7;
/** Milliseconds that a contender computes in a round. */
const SLICE = 30;
/** Two runtimes whose outputs, in 0..1, are farther apart don't compute the same float network. */
const SAME = 1e-4;

interface Options extends ModelOptions {
  json?: true;
  chart?: string;
  against?: Peer[];
}

/** Makes the call that computes `count` faces. */
type Prepare = (count: number) => () => ArrayLike<number> | Promise<ArrayLike<number>>;

/** Adds the command to the program. */
export function registerBench(program: Command): void {
  const command = program
    .command("bench")
    .summary("Time the network on this machine")
    .description(
      "Times the network on this machine, and the same network in each ONNX Runtime installed in the current folder.",
    )
    .option("--json", "Print one JSON object for each runtime and number of faces per call")
    .option("--chart <chart.svg>", "Draw the times")
    .option(
      "--against <names>",
      `Compare with these only, comma-separated: ${PEERS.join(", ")}`,
      parseList(parsePeer),
    )
    .addHelpText("after", HELP);
  modelOptions(command).action(bench);
}

const HELP = `
Each runtime uses one thread. They take turns in one process, so that a slow
moment of the machine affects all of them. Times are medians per face, without
decoding and cropping.

Examples:
  Print a table:
    fivepoint bench
  Draw the times as well:
    fivepoint bench --chart times.svg
  Compare int8 with one runtime only:
    fivepoint bench --precision int8 --against onnxruntime-node`;

function parsePeer(name: string): Peer {
  const peer = PEERS.find((known) => known === name);
  if (!peer) throw new InvalidArgumentError(`Expected ${PEERS.join(" or ")}.`);
  return peer;
}

async function bench(options: Options): Promise<void> {
  checkChart("--chart", options.chart);
  const plan = new OutputPlan();
  await plan.read(options.weights ?? EMBEDDED);
  await plan.write("--chart", options.chart);
  const crops = Uint8Array.from({ length: 64 * 6912 }, (_, i) => 128 + 100 * Math.sin(i * 0.01));
  const landmarker = await openLandmarker(options);
  const contenders = new Map<string, Prepare>([
    [`fivepoint ${options.precision}, ${landmarker.info.simd}`, own(landmarker, crops)],
  ]);
  const model = exportOnnx(parseWeights(await readInput(options.weights ?? EMBEDDED)));
  for (const name of options.against ?? PEERS) {
    try {
      const prepare = await peer(name, model, crops);
      if (options.precision === "f32") await compare(prepare, landmarker.run(crops.subarray(0, 6912)));
      contenders.set(`${name} f32`, prepare);
    } catch (error) {
      process.stderr.write(`${name} was left out: ${(error as Error).message.split("\n")[0]}\n`);
      if (options.against) process.exitCode = 1;
    }
  }

  const measured = new Map<string, Times[]>([...contenders].map(([name]) => [name, []]));
  if (!options.json) console.log(`${cpus()[0]?.model}, Node ${process.versions.node}, one thread each`);
  for (const count of COUNTS) {
    const samples = new Map<string, number[]>();
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, prepare] of contenders) {
        const times = await slice(prepare(count));
        // The first round lets the compilers finish.
        if (round > 0) samples.set(name, [...(samples.get(name) ?? []), ...times]);
      }
    }
    for (const [name, times] of samples) {
      const [p50, p95] = [0.5, 0.95].map((p) => (quantile(times, p) * 1000) / count) as [number, number];
      measured.get(name)!.push({ count, p50, p95 });
      console.log(
        options.json
          ? JSON.stringify({ name, count, p50, p95, samples: times.length })
          : `${`${count} per call`.padEnd(12)} ${name.padEnd(24)} ${p50.toFixed(1).padStart(8)} µs per face, p95 ${p95.toFixed(1)}`,
      );
    }
  }
  if (options.chart) await writeWhole(options.chart, timesChart(measured));
}

const own =
  (landmarker: Landmarker, crops: Uint8Array): Prepare =>
  (count) => {
    const input = crops.subarray(0, count * 6912);
    return () => landmarker.run(input, count);
  };

async function peer(name: Peer, model: Uint8Array, crops: Uint8Array): Promise<Prepare> {
  const path = createRequire(join(process.cwd(), "package.json")).resolve(name);
  const loaded = await import(pathToFileURL(path).href);
  const runtime: typeof onnxruntime = loaded.default ?? loaded;
  if (name === "onnxruntime-web") runtime.env.wasm.numThreads = 1;
  const session = await runtime.InferenceSession.create(model, {
    // Both register with the same onnxruntime-common: without a name the first one loaded would run for both.
    executionProviders: [name === "onnxruntime-web" ? "wasm" : "cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  return (count) => {
    const planes = new Float32Array(count * 6912);
    for (let i = 0; i < planes.length; i++) {
      const [face, at] = [Math.floor(i / 6912), i % 6912];
      planes[i] = crops[face * 6912 + (at % 2304) * 3 + Math.floor(at / 2304)]!;
    }
    const feeds = { crops: new runtime.Tensor("float32", planes, [count, 3, 48, 48]) };
    return async () => (await session.run(feeds)).landmarks!.data as Float32Array;
  };
}

async function compare(prepare: Prepare, expected: Float32Array): Promise<void> {
  const answers = await prepare(1)();
  const distance = Math.max(...expected.map((value, i) => Math.abs(value - answers[i]!)));
  if (!(distance < SAME))
    throw new Error(`its answers differ from fivepoint's by ${distance.toPrecision(2)}`);
}

/** Milliseconds of each call. */
async function slice(call: () => unknown): Promise<number[]> {
  const bench = new Bench({
    time: SLICE,
    iterations: 4,
    warmupTime: SLICE / 4,
    warmupIterations: 1,
    retainSamples: true,
  });
  bench.add("call", call);
  await bench.run();
  const { result } = bench.tasks[0]!;
  if (!("latency" in result)) throw new Error("A runtime failed while it was being timed.");
  return [...result.latency.samples!];
}

function quantile(sample: readonly number[], p: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
}

/** Microseconds per face, with so many faces per call. */
interface Times {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
}

/** Both axes are logarithmic: the same distance is the same ratio, whether runtimes are close together or far apart. */
export function timesChart(measured: ReadonlyMap<string, readonly Times[]>): string {
  const times = [...measured.values()].flat();
  const least = 0.8 * Math.min(...times.map(({ p50 }) => p50));
  const most = 1.2 * Math.max(...times.map(({ p95 }) => p95));
  const steps = [1, 10, 100, 1000, 10_000].flatMap((power) => [1, 2, 3, 5].map((step) => step * power));
  return lineChart(
    `Time per face, ${cpus()[0]?.model}, Node ${process.versions.node}`,
    { label: "faces per call", domain: [COUNTS[0]! / 1.5, COUNTS.at(-1)! * 1.5], format: "d", ticks: COUNTS },
    {
      label: "µs per face",
      domain: [least, most],
      format: "d",
      ticks: steps.filter((tick) => tick >= least && tick <= most),
    },
    [...measured].map(([name, times]) => ({
      name,
      points: times.map(({ count, p50 }) => [count, p50] as const),
      whiskers: times.map(({ p95 }) => p95),
    })),
    "marks: medians · whiskers: up to the 95th percentile · both axes are logarithmic",
  );
}
