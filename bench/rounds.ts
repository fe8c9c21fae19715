/**
 * Interleaved rounds: each contender in turn for some milliseconds, again and again, so that a phase in which the
 * machine is slow falls on all of them. Ratios are taken within a round, then their median.
 */
import type { Host } from "./hosts/host.ts";
import { median, quantile } from "./statistics.ts";

export interface Timing {
  /** Microseconds a face. */
  readonly p50: number;
  /** The 95th percentile of single calls; null where the clock is too coarse for one. */
  readonly p95: number | null;
  readonly samples: number;
  /** Each round's median. */
  readonly rounds: readonly number[];
}

/** @param count faces per call */
export async function timeRounds(
  hosts: ReadonlyMap<string, Host>,
  count: number,
  rounds: number,
  ms: number,
): Promise<Map<string, Timing>> {
  const all = new Map<string, number[][]>([...hosts.keys()].map((key) => [key, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [key, host] of hosts) {
      // The round before the first lets the compilers finish and isn't counted.
      const sample = await host.time(count, round < 0 ? Math.max(ms, 250) : ms);
      if (round >= 0) all.get(key)!.push(sample.map((us) => us / count));
    }
  }
  return new Map(
    [...all].map(([key, samples]) => {
      const calls = samples.flat();
      const single = !/^(Chromium|workerd)/.test(hosts.get(key)!.engine);
      return [
        key,
        {
          p50: median(calls),
          p95: single ? quantile(calls, 0.95) : null,
          samples: calls.length,
          rounds: samples.map(median),
        },
      ];
    }),
  );
}

/** How many times as long `a` takes as `b`: the median of the rounds' ratios. */
export const ratio = (a: Timing, b: Timing): number =>
  median(a.rounds.map((us, round) => us / b.rounds[round]!));
