/**
 * The guard: how many times as long fivepoint takes as the runtimes that are devDependencies, in short interleaved
 * rounds, beside the ratios in baseline.json. Times depend on the machine; ratios do less.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Contender, Field } from "./contenders/field.ts";
import type { Host } from "./hosts/host.ts";
import { admit } from "./measure.ts";
import { writeWhole } from "./prepare.ts";
import { type Timing, timeRounds } from "./rounds.ts";

const BASELINE = join(import.meta.dirname, "baseline.json");
/** A ratio may grow by this factor. */
const LOSS = 1.15;

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
        ratios[`${own.key}, ${count} a call ÷ ${peer.name} ${peer.precision}`] = round(
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
