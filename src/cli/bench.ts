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
    .description("time the network on this machine, beside the ONNX Runtimes that are installed here")
    .option("--json", "print a JSON object for each contender and number of faces per call")
    .option("--chart <chart.svg>", "draw the times")
    .option("--against <names>", `only these, comma-separated: ${PEERS.join(", ")}`, parseList(parsePeer));
  modelOptions(command).action(bench);
}

function parsePeer(name: string): Peer {
  const peer = PEERS.find((known) => known === name);
  if (!peer) throw new InvalidArgumentError(`Wanted: ${PEERS.join(" or ")}.`);
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
      process.stderr.write(`${name} is left out: ${(error as Error).message.split("\n")[0]}\n`);
      if (options.against) process.exitCode = 1;
    }
  }

  const series = new Map<string, [count: number, us: number][]>([...contenders].map(([name]) => [name, []]));
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
      series.get(name)!.push([count, p50]);
      console.log(
        options.json
          ? JSON.stringify({ name, count, p50, p95, samples: times.length })
          : `${`${count} per call`.padEnd(12)} ${name.padEnd(24)} ${p50.toFixed(1).padStart(8)} µs per face, p95 ${p95.toFixed(1)}`,
      );
    }
  }
  if (options.chart) await writeWhole(options.chart, draw(series));
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
  if (!(distance < SAME)) throw new Error(`its answers are ${distance.toPrecision(2)} from fivepoint's`);
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
  if (!("latency" in result)) throw new Error("A contender failed while it was timed.");
  return [...result.latency.samples!];
}

function quantile(sample: readonly number[], p: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
}

function draw(series: ReadonlyMap<string, [number, number][]>): string {
  const most = Math.max(...[...series.values()].flat().map(([, us]) => us));
  return lineChart(
    `Time per face, ${cpus()[0]?.model}, Node ${process.versions.node}`,
    { label: "faces per call", domain: [0, 64], format: "d" },
    { label: "µs per face", domain: [0, 1.1 * most], format: "d" },
    [...series].map(([name, points]) => ({ name, points })),
  );
}
