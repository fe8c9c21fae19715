/**
 * The guard: how many times as long fivepoint takes as the runtimes that are devDependencies, in short interleaved
 * rounds, beside the ratios in baseline.json. Times depend on the machine; ratios do less.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Contender, Field } from "./contenders/field.ts";
import type { Host } from "./hosts/host.ts";
import { admit, type Measured } from "./measure.ts";
import { writeWhole } from "./prepare.ts";
import { ratio, type Timing, timeRounds } from "./rounds.ts";

const BASELINE = join(import.meta.dirname, "baseline.json");
/** A ratio may grow by this factor. */
const LOSS = 1.15;

/** Ratios that we would like to reach: own, the fastest of its peers, faces per call, the ratio. */
const RATIOS: readonly (readonly [own: string, peers: readonly string[], count: number, limit: number])[] = [
  ["fivepoint f32 · Node 24", ["onnxruntime-node f32 · Node 24"], 1, 0.43],
  ["fivepoint f32 · Node 20", ["onnxruntime-node f32 · Node 20"], 1, 0.6],
  ["fivepoint int8 · Node 24", ["onnxruntime-node f32 · Node 24"], 1, 0.35],
  ["fivepoint int8 · Node 20", ["onnxruntime-node f32 · Node 20"], 1, 0.39],
  [
    "fivepoint int8 · Node 24",
    ["onnxruntime-node int8 · Node 24", "onnxruntime-node qlinear · Node 24"],
    1,
    0.8,
  ],
  ["fivepoint f32 · Node 24", ["onnxruntime-web f32 · Node 24"], 1, 0.11],
  ["fivepoint f32 · Node 20", ["onnxruntime-web f32 · Node 20"], 1, 0.15],
  ["fivepoint f32 · Node 24", ["openvino f32 · Python"], 1, 1],
  ["fivepoint int8 · Node 24", ["openvino int8 · Python"], 1, 1],
  ["fivepoint f32 · Node 24", ["onnxruntime-node f32 · Node 24"], 16, 0.38],
];

const PHOTO = 1.15;
const START_MS = 10;
const PREPARE_MS = 3;

/** How far a full run is from where we would like to be: a line for each goal. They are no promise, and nothing fails by them. */
export function goals({ rows, photo, phases }: Measured): string[] {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const line = (what: string, value: number, digits: number, limit: number) =>
    `${value <= limit ? "met    " : "not met"}  ${what}: ${value.toFixed(digits)}, goal ≤ ${limit}`;
  const ratios = RATIOS.flatMap(([own, peers, count, limit]) => {
    const mine = byKey.get(own)?.timings[count];
    const theirs = peers.flatMap((key) => byKey.get(key) ?? []);
    if (!mine || theirs.length === 0) return [];
    const peer = theirs.reduce((x, y) => (x.timings[count]!.p50 <= y.timings[count]!.p50 ? x : y));
    return [line(`${own} ÷ ${peer.key}, ${count} per call`, ratio(mine, peer.timings[count]!), 2, limit)];
  });
  const starts = rows
    .filter(({ key }) => /^fivepoint f32 · Node/.test(key))
    .map(({ key, start: { load, create, first } }) =>
      line(`${key}, import to first face, ms`, load + create + first, 1, START_MS),
    );
  return [
    ...ratios,
    ...photo.map(({ face, ratio }) =>
      line(`detect on 12 megapixels, a face of ${face} pixels ÷ run`, ratio, 2, PHOTO),
    ),
    ...starts,
    ...phases.map(({ name, ms }) => line(`${name}, preparing the weights, ms`, ms.prepare!, 1, PREPARE_MS)),
  ];
}

interface Baseline {
  /** The processor on which the ratios were taken: on a very different one, store them anew to compare. */
  readonly cpu: string;
  readonly ratios: Record<string, number>;
}

async function measureRatios(): Promise<{ ratios: Record<string, number>; broken: string[] }> {
  const field = new Field();
  const here = field.contenders.filter(({ local, key }) => local && / · Node /.test(key));
  const hosts = new Map<string, Host>();
  const broken: string[] = [];
  for (const contender of here) {
    try {
      hosts.set(contender.key, (await admit(contender)).host);
    } catch (error) {
      broken.push(contender.key);
      console.log(`OUT   ${contender.key}: ${(error as Error).message}`);
    }
  }
  const ratios: Record<string, number> = {};
  const place = (contender: Contender) => contender.key.split(" · ")[1];
  for (const count of [1, 16]) {
    const timings = await timeRounds(hosts, count, 9, 30);
    const there = here.filter(({ key }) => hosts.has(key));
    for (const own of there.filter(({ name }) => name === "fivepoint")) {
      for (const peer of there.filter((other) => other.name !== "fivepoint" && place(other) === place(own))) {
        ratios[`${own.key}, ${count} per call ÷ ${peer.name} ${peer.precision}`] = round(
          fastest(timings.get(own.key)!) / fastest(timings.get(peer.key)!),
        );
      }
    }
  }
  for (const host of hosts.values()) await host.close();
  return { ratios, broken };
}

/** What else runs makes some rounds slower, none faster: so few rounds compare best by their fastest. */
const fastest = ({ rounds }: Timing) => Math.min(...rounds);

const round = (value: number) => Number(value.toPrecision(3));

export async function writeBaseline(): Promise<number> {
  const { cpus } = await import("node:os");
  const baseline: Baseline = { cpu: cpus()[0]!.model, ratios: (await measureRatios()).ratios };
  await writeWhole(BASELINE, `${JSON.stringify(baseline, null, 2)}\n`);
  return 0;
}

/** @returns a line for each stored ratio, and how many are lost */
export function compare(
  stored: Record<string, number>,
  ratios: Record<string, number>,
  broken: readonly string[],
): { lines: string[]; lost: number } {
  let lost = 0;
  const lines = Object.entries(stored).map(([key, before]) => {
    const now = ratios[key];
    // A contender may be absent with its runtime; one that was here and gave wrong answers is a loss.
    const isLost = now === undefined ? broken.some((name) => key.startsWith(name)) : !(now <= before * LOSS);
    if (isLost) lost++;
    return `${isLost ? "LOST" : now === undefined ? "none" : "ok  "}  ${key}: ${now ?? "not here"}, stored ${before}`;
  });
  return { lines, lost };
}

/** @returns the exit status: 1 when a ratio grew by more than 15 % or one's contender broke */
export async function check(): Promise<number> {
  const baseline = JSON.parse(await readFile(BASELINE, "utf8")) as Baseline;
  const { ratios, broken } = await measureRatios();
  const { lines, lost } = compare(baseline.ratios, ratios, broken);
  console.log(lines.join("\n"));
  if (lost > 0)
    console.log(`${lost} of the ratios are lost or grew by more than 15 % (stored on ${baseline.cpu}).`);
  return lost > 0 ? 1 : 0;
}
