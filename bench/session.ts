/**
 * The measuring side, the same in Node's child processes and in pages: opens one contender, answers its host's
 * commands. Every contender lives in a process of its own, so none warms or starves another's caches, heap or compiler.
 */
import { Bench } from "tinybench";
import { randomCrops } from "../test/support/random.ts";
import type { Call, Create, Setup } from "./contenders/runner.ts";

/** Milliseconds in a fresh process. */
export interface Start {
  /** Until the package's code is loaded. */
  readonly load: number;
  /** Until the network can be run: compilation, weights. */
  readonly create: number;
  /** The first face. */
  readonly first: number;
}

export interface Opened {
  readonly version: string;
  readonly engine: string;
  readonly start: Start;
}

/** Crops that all contenders answer: the stored answers of test/fixtures/golden.json begin with them. */
export const MOST = 64;
export const crops = randomCrops(MOST, 5);

export class Session {
  readonly opened: Opened;
  readonly #prepare: (count: number) => Call | Promise<Call>;
  readonly #calls = new Map<number, Call>();

  private constructor(opened: Opened, prepare: (count: number) => Call | Promise<Call>) {
    this.opened = opened;
    this.#prepare = prepare;
  }

  static async open(load: () => Promise<{ create: Create }>, setup: Setup, engine: string): Promise<Session> {
    const begin = performance.now();
    const { create } = await load();
    const loaded = performance.now();
    const runner = await create(setup);
    const created = performance.now();
    const call = await runner.prepare(crops, 1);
    const prepared = performance.now();
    await call.run();
    const start = { load: loaded - begin, create: created - loaded, first: performance.now() - prepared };
    return new Session({ version: runner.version, engine, start }, (count) => runner.prepare(crops, count));
  }

  async #call(count: number): Promise<Call> {
    const call = this.#calls.get(count) ?? (await this.#prepare(count));
    this.#calls.set(count, call);
    return call;
  }

  async answers(count: number): Promise<number[]> {
    const call = await this.#call(count);
    return Array.from(await call.read((await call.run()) as never));
  }

  /**
   * Calls for `ms` milliseconds after a quarter of that unmeasured.
   * @param every microseconds that a sample lasts at least: where the clock is coarse, several calls
   * @returns microseconds of a call, sample by sample
   */
  async time(count: number, ms: number, every = 0): Promise<number[]> {
    const { run } = await this.#call(count);
    const began = performance.now();
    let warm = 0;
    do {
      await run();
      warm++;
    } while (performance.now() - began < ms / 4);
    const calls = Math.ceil(every / (((performance.now() - began) * 1000) / warm)) || 1;
    const loop = async () => {
      for (let i = 0; i < calls; i++) await run();
    };
    const bench = new Bench({ time: ms, iterations: 4, warmup: false, retainSamples: true });
    bench.add("call", calls === 1 ? run : loop);
    await bench.run();
    const { result } = bench.tasks[0]!;
    if (!("latency" in result)) throw new Error("The contender failed while it was timed.");
    return result.latency.samples!.map((sample) => (sample * 1000) / calls);
  }
}
