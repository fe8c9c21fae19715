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
import { ratio, timeRounds } from "./rounds.ts";

const BASELINE = join(import.meta.dirname, "baseline.json");
/** A ratio may grow by this factor. */
const LOSS = 1.15;

interface Baseline {
  /** The processor on which the ratios were taken: on a very different one, store them anew to compare. */
  readonly cpu: string;
  readonly ratios: Record<string, number>;
}

async function measureRatios(): Promise<Record<string, number>> {
  const field = new Field();
  const here = field.contenders.filter(({ local, key }) => local && / · Node /.test(key));
  const hosts = new Map<string, Host>();
  for (const contender of here) hosts.set(contender.key, (await admit(contender)).host);
  const ratios: Record<string, number> = {};
  const place = (contender: Contender) => contender.key.split(" · ")[1];
  for (const count of [1, 16]) {
    const timings = await timeRounds(hosts, count, 9, 30);
    for (const own of here.filter(({ name }) => name === "fivepoint")) {
      for (const peer of here.filter((other) => other.name !== "fivepoint" && place(other) === place(own))) {
        ratios[`${own.key}, ${count} a call ÷ ${peer.name} ${peer.precision}`] = round(
          ratio(timings.get(own.key)!, timings.get(peer.key)!),
        );
      }
    }
  }
  for (const host of hosts.values()) await host.close();
  return ratios;
}

const round = (value: number) => Number(value.toPrecision(3));

export async function writeBaseline(): Promise<number> {
  const { cpus } = await import("node:os");
  const baseline: Baseline = { cpu: cpus()[0]!.model, ratios: await measureRatios() };
  await writeWhole(BASELINE, `${JSON.stringify(baseline, null, 2)}\n`);
  return 0;
}

/** @returns the exit status: 1 when a ratio grew by more than 15 % */
export async function check(): Promise<number> {
  const baseline = JSON.parse(await readFile(BASELINE, "utf8")) as Baseline;
  const ratios = await measureRatios();
  let lost = 0;
  for (const [key, before] of Object.entries(baseline.ratios)) {
    const now = ratios[key];
    if (now === undefined) {
      console.log(`–     ${key}: not here, ${before} stored`);
      continue;
    }
    const slower = now > before * LOSS;
    if (slower) lost++;
    console.log(`${slower ? "LOST " : "ok   "} ${key}: ${now}, stored ${before}`);
  }
  if (lost > 0) console.log(`${lost} of the ratios grew by more than 15 % (stored on ${baseline.cpu}).`);
  return lost > 0 ? 1 : 0;
}
