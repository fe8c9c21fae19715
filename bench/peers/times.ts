/** What the whole job takes on one thread, from pixels to answers: interleaved rounds, after a proof that the answers are the same. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { median } from "../statistics.ts";
import { type Part, readAnswers } from "./answers.ts";
import type { Found, Reply } from "./child.ts";
import { CACHE, type Contender, open } from "./contenders.ts";

export interface Times {
  readonly date: string;
  readonly cpu: string;
  /** Milliseconds a picture, by contender. */
  readonly ms: Readonly<Record<string, number>>;
}

const timesFile = (table: string) => join(CACHE, `times-${table}.json`);

/** The times that were measured last, if any were. */
export function readTimes(table: string): Times | undefined {
  try {
    return JSON.parse(readFileSync(timesFile(table), "utf8"));
  } catch {
    return undefined;
  }
}

/** In pixels; runtimes need not repeat every bit. */
const TOLERANCE = 0.01;

const numbers = (found: readonly (readonly Found[])[]) =>
  found
    .flat()
    .flatMap(({ score, box, points }) => [
      score ?? 0,
      ...(box ? [box.x, box.y, box.width, box.height] : []),
      ...(points ?? []).flatMap(({ x, y }) => [x, y]),
    ]);

function isSame(a: readonly (readonly Found[])[], b: readonly (readonly Found[])[]): boolean {
  const [left, right] = [numbers(a), numbers(b)];
  return left.length === right.length && left.every((value, i) => Math.abs(value - right[i]!) <= TOLERANCE);
}

/**
 * A contender's time is the mean over pictures of each one's median over the rounds.
 * @param partOf the pictures that a contender is given
 * @param chosen which of those that it was asked about they are
 * @throws Error for a contender that answers otherwise than it did
 */
export async function measureTimes<T extends Contender>(
  table: string,
  contenders: Readonly<Record<string, T>>,
  partOf: (contender: T) => Part,
  chosen: readonly number[],
  rounds: number,
): Promise<void> {
  const hosts = await Promise.all(
    Object.entries(contenders).map(async ([key, contender]) => {
      const { ask, close } = await open(contender);
      const run = (): Promise<Reply> => ask({ ...partOf(contender), all: false });
      return { key, run, close, samples: [] as (readonly number[])[] };
    }),
  );
  for (const { key, run } of hosts) {
    const { found } = readAnswers(table, key);
    const wanted = chosen.map((i) => found[i]!);
    if (!isSame((await run()).found, wanted))
      throw new Error(`${key} answers otherwise than it did: npm run bench:peers -- ask ${key}`);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { run, samples } of hosts) samples.push((await run()).ms);
    console.error(`${table}: round ${round} of ${rounds}`);
  }
  await Promise.all(hosts.map(({ close }) => close()));
  const time = (samples: readonly (readonly number[])[]) =>
    chosen.reduce((sum, _, i) => sum + median(samples.map((round) => round[i]!)), 0) / chosen.length;
  const times: Times = {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]!.model.trim(),
    ms: Object.fromEntries(hosts.map(({ key, samples }) => [key, time(samples)])),
  };
  writeFileSync(timesFile(table), JSON.stringify(times));
}

/** Who was measured, and when and where the times were. */
export function versions(table: string, keys: readonly string[], times: Times | undefined): string {
  const all = new Set(keys.map((key) => readAnswers(table, key).version));
  const measured = times && `Times of ${times.date}: one thread on ${times.cpu}.`;
  return [`Measured: ${[...all].join(", ")}.`, measured].filter(Boolean).join(" ");
}
