/**
 * Processes that share `detect`'s jobs. Processes, not threads: on four cores sharp decoded small images in four
 * threads of one process no faster than in one, in four processes 2.5 times as fast; and a decoder that crashes takes
 * along the one image it was at.
 *
 * Not a package's pool: in tinypool 2.2 and in workerpool 10 a job waits for ever behind a process that crashed and whose
 * successor can't be spawned; workerpool fails the next job when an idle process dies; tinypool sends what processes print
 * to standard output, which belongs to results.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { failure, type Job, type JobOptions, type Outcome } from "./job.ts";

/** What the two sides say to each other: every request gets one answer, an outcome if it was a job. */
export type Request = { readonly open: JobOptions } | { readonly job: Job };
export type Answer = { readonly error: string } | { readonly outcome: Outcome | undefined };

export class Processes {
  readonly #options: JobOptions;
  readonly #living = new Set<ChildProcess>();
  readonly #idle = new Set<ChildProcess>();

  private constructor(options: JobOptions) {
    this.#options = options;
  }

  /** @throws Error when a process can't be started or can't load what it needs */
  static async start(count: number, options: JobOptions): Promise<Processes> {
    const processes = new Processes(options);
    const start = async () => processes.#idle.add(await processes.#open());
    const starts = await Promise.allSettled(Array.from({ length: count }, start));
    const failed = starts.find((start) => start.status === "rejected");
    if (!failed) return processes;
    processes.stop();
    throw failed.reason;
  }

  /** Does a job in an idle process, or in a new one in place of one that has ended. Never rejects. */
  async run(job: Job): Promise<Outcome> {
    let [child] = this.#idle;
    try {
      child ??= await this.#open();
      this.#idle.delete(child);
      const outcome = await ask(child, { job });
      this.#idle.add(child);
      return outcome!;
    } catch (error) {
      child?.kill();
      return failure(job.path, (error as Error).message);
    }
  }

  /** Ends all processes. */
  stop(): void {
    for (const child of this.#living) child.kill();
  }

  async #open(): Promise<ChildProcess> {
    const child = fork(fileURLToPath(new URL("./detect-process.js", import.meta.url)), {
      // Images are short-lived: a small young generation returns their memory soon.
      execArgv: [...process.execArgv, "--max-semi-space-size=4"],
      serialization: "advanced",
      stdio: ["inherit", 2, 2, "ipc"], // an image may come from standard input
    });
    child.on("error", () => {}); // told to who asks it
    child.on("disconnect", () => child.kill());
    child.on("exit", () => {
      this.#living.delete(child);
      this.#idle.delete(child);
    });
    this.#living.add(child);
    try {
      await ask(child, { open: this.#options });
      return child;
    } catch (error) {
      child.kill();
      throw error;
    }
  }
}

/** @throws Error when the process answers with one, ends before it answers, or was never started */
async function ask(child: ChildProcess, request: Request): Promise<Outcome | undefined> {
  const settled = new AbortController();
  try {
    const [answer] = await Promise.race([
      once(child, "message", settled) as Promise<[Answer]>,
      once(child, "exit", settled).then(([status, signal]) => {
        throw new Error(`its process ended: ${signal ?? `status ${status}`}`);
      }),
      // Ended, a process that can't be spoken to settles one of the above.
      new Promise<never>(() => child.send(request, (error) => error && child.kill())),
    ]);
    if ("error" in answer) throw new Error(answer.error);
    return answer.outcome;
  } finally {
    settled.abort();
  }
}
