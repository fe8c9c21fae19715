/** RESULTS.md: the tables of the latest full run. */
import { cpus } from "node:os";
import { join } from "node:path";
import { type Measured, type Row, STARTS } from "./measure.ts";
import { ratio } from "./rounds.ts";
import type { Stage, TierStages } from "./stages.ts";
import { markdownTable } from "./table.ts";

export const RESULTS = join(import.meta.dirname, "RESULTS.md");

export interface Results extends Measured {
  readonly date: string;
  readonly command: string;
  readonly pinned: boolean;
  /** Load average of the minute before. */
  readonly load: number;
  readonly stages: readonly TierStages[];
}

/** The rows of README.md, and what they are called there. */
const SUMMARY: readonly (readonly [key: string, name: string])[] = [
  ["fivepoint int8 · Node 24", "**fivepoint int8**"],
  ["fivepoint f32 · Node 24", "**fivepoint f32**"],
  ["fivepoint f32 · Node 20", "**fivepoint f32**, Node 20, without relaxed SIMD"],
  ["onnxruntime-node f32 · Node 24", "onnxruntime-node f32"],
  ["onnxruntime-node int8 · Node 24", "onnxruntime-node int8"],
  ["openvino f32 · Python", "OpenVINO f32"],
  ["openvino f32 AVX2 · Python", "OpenVINO f32, without AVX-512"],
  ["openvino int8 · Python", "OpenVINO int8"],
  ["openvino int8 AVX2 · Python", "OpenVINO int8, without AVX-512"],
  ["ncnn f32 · Python", "ncnn f32"],
  ["xnnpack f32 · Python", "XNNPACK f32"],
  ["onnxruntime-web f32 · Node 24", "onnxruntime-web f32"],
  ["tfjs f32 · Node 24", "TensorFlow.js wasm f32"],
  ["litert f32 · Chromium", "LiteRT.js f32, Chromium"],
];

const us = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const small = (value: number) => (value === 0 ? "0" : value.toExponential(1));

/** The table of README.md. */
export function summary({ rows, date }: Results): string {
  const found = SUMMARY.flatMap(([key, name]) => {
    const row = rows.find((each) => each.key === key);
    return row ? [{ name, one: row.timings[1]!.p50, sixteen: row.timings[16]!.p50, start: row.start }] : [];
  });
  found.sort((a, b) => a.one - b.one);
  const body = found.map(({ name, one, sixteen, start: { load, create, first } }) => {
    return [name, us(one), us(sixteen), (load + create + first).toFixed(0)];
  });
  return `${markdownTable(["", "one face, µs", "per face of 16, µs", "import to first face, ms"], body)}

Medians of ${date}, on one core (${cpus()[0]!.model.trim()}), one thread each, all in one run.`;
}

export function markdown(results: Results): string {
  const { rows, stages } = results;
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const speed = (count: number) => {
    const sorted = [...rows].sort((a, b) => a.timings[count]!.p50 - b.timings[count]!.p50);
    const own = byKey.get("fivepoint f32 · Node 24") ?? sorted[0]!;
    return markdownTable(
      ["", "µs per face, p50", "p95", "× fivepoint f32, Node 24"],
      sorted.map((row) => {
        const { p50, p95 } = row.timings[count]!;
        const name = row.name === "fivepoint" ? `**${row.key}**` : row.key;
        const times = ratio(row.timings[count]!, own.timings[count]!).toFixed(2);
        return [name, us(p50), p95 === null ? "" : us(p95), times];
      }),
    );
  };
  const start = (row: Row) => row.start.load + row.start.create + row.start.first;
  const sum = (list: readonly Stage[], of: "direct" | "executed" | "us") =>
    list.reduce((total, stage) => total + stage[of], 0);
  const [{ int8, peakInt16 }] = stages as [TierStages];
  const counts = results.counts.map((value, i) => ({ count: i + 1, value }));
  const worst = counts.reduce((a, b) => (b.value > a.value ? b : a));
  const best = counts.reduce((a, b) => (b.value < a.value ? b : a));

  return `# Results

Written by \`${results.command}\` on ${results.date}: ${cpus()[0]!.model}, ${cpus().length} cores${
    results.pinned ? ", everything on one of them" : ""
  }, load average ${results.load.toFixed(1)} before the run. All contenders run the default weights, one thread each, one process each, in interleaved rounds;
times are microseconds per face, ratios medians of the rounds' ratios. \`bf16\` computes in bfloat16 where the CPU has the instructions;
\`AVX2\` is told to do without AVX-512. How this is measured, and what it means: [docs/PERFORMANCE.md](../docs/PERFORMANCE.md).

## One face per call

${speed(1)}

## 4 faces per call

${speed(4)}

## 16 faces per call

${speed(16)}

## 64 faces per call

${speed(64)}

## Every count

fivepoint f32, Node 24, µs per face, by faces per call: ${counts
    .filter(({ count }) => count <= 16 || count % 4 === 0)
    .map(({ count, value }) => `${count}: ${us(value)}`)
    .join(
      ", ",
    )}. Of all counts from 1 to 64, the slowest is ${worst.count} with ${us(worst.value)}, the fastest ${best.count} with ${us(best.value)}.

## An image of 12 megapixels

\`detect\` on 4000 × 3000 RGBA pixels, compared with \`run\` on a ready crop (fivepoint f32, Node 24):

${markdownTable(
  ["height of the face's box, pixels", "detect, µs", "÷ run"],
  results.photo.map(({ face, ratio: value, us: time }) => [face, us(time), value.toFixed(2)]),
)}

## Import to first face

Medians of ${STARTS} fresh processes or pages, in milliseconds: loading the package's code, making the network ready, the first face. The last two together are
"create to first face". The start of the process itself isn't counted. In a Worker the code is loaded before the clock can be started.

${markdownTable(
  ["", "load", "create", "first face", "together"],
  [...rows]
    .sort((a, b) => start(a) - start(b))
    .map((row) => [
      row.key,
      ...[row.start.load, row.start.create, row.start.first, start(row)].map((ms) => ms.toFixed(1)),
    ]),
)}

fivepoint's own start with module and weights as files, phase by phase, in milliseconds, by the synchronous functions:

${markdownTable(
  ["", "load the code", "compile", "instantiate", "prepare the weights", "first face"],
  results.phases.map(({ name, ms }) => [name, ...Object.values(ms).map((value) => value.toFixed(1))]),
)}

## The stages

![Roofline](roofline.svg)

${stages
  .map((tier) => {
    const bound = sum(tier.stages, "direct") / tier.peak / 1000;
    return `${tier.tier === "relaxed" ? "Relaxed" : "Baseline"} tier: the machine gives wasm at most ${(2 * tier.peak).toFixed(1)} GFLOP/s, and ${tier.bandwidth.toFixed(0)} GB/s
when it reads from the cache. Direct convolutions can't take less than ${us(bound)} µs per face together; the stages take ${us(sum(tier.stages, "us"))}.

${markdownTable(
  ["", "µs", "GFLOP/s executed", "of the peak", "GFLOP/s of the layer as defined"],
  [...tier.stages, ...tier.reference].map((stage) => [
    stage.name,
    stage.us.toFixed(2),
    ((2 * stage.executed) / stage.us / 1000).toFixed(1),
    `${((100 * stage.executed) / stage.us / 1000 / tier.peak).toFixed(0)} %`,
    ((2 * stage.direct) / stage.us / 1000).toFixed(1),
  ]),
)}`;
  })
  .join("\n\n")}

int8, the same code in both tiers: the machine gives wasm at most ${peakInt16.toFixed(1)} G multiply-adds of int16 per second. Those that Winograd leaves
can't take less than ${us(sum(int8, "executed") / peakInt16 / 1000)} µs per face; the stages take ${us(sum(int8, "us"))}.

${markdownTable(
  ["", "µs", "G multiply-adds/s executed", "of the peak", "G/s of the layer as defined"],
  int8.map((stage) => [
    stage.name,
    stage.us.toFixed(2),
    (stage.executed / stage.us / 1000).toFixed(1),
    `${((100 * stage.executed) / stage.us / 1000 / peakInt16).toFixed(0)} %`,
    (stage.direct / stage.us / 1000).toFixed(1),
  ]),
)}

## Who ran

${markdownTable(
  ["", "version", "engine", "mean difference from float64", "largest"],
  rows.map((row) => [row.key, row.version, row.engine, small(row.meanError), small(row.maxError)]),
)}
${
  results.leftOut.length > 0
    ? `\nLeft out: ${results.leftOut.map(([key, reason]) => `${key} (${reason})`).join("; ")}.\n`
    : ""
}`;
}
