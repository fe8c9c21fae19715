/**
 * Processes that share `detect`'s jobs. Processes, not threads: on four cores sharp decoded small images in four
 * threads of one process no faster than in one, in four processes 2.5 times as fast; and a decoder that crashes takes
 * along the one image it was at.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { failure, type Job, type JobOptions, type Outcome } from "./job.ts";

/** What the two sides say to each other. */
export type ToWorker = { readonly open: JobOptions } | { readonly job: Job };
export type FromWorker =
  | { readonly ready: true }
  | { readonly failed: string }
  | { readonly outcome: Outcome };

interface Slot {
  process: ChildProcess;
  busy?: { readonly job: Job; readonly done: (outcome: Outcome) => void } | undefined;
}

export class Workers {
  readonly #options: JobOptions;
  readonly #slots = new Set<Slot>();

  private constructor(options: JobOptions) {
    this.#options = options;
  }

  /** @throws Error when a process can't load what it needs */
  static async start(count: number, options: JobOptions): Promise<Workers> {
    const workers = new Workers(options);
    try {
      await Promise.all(Array.from({ length: count }, () => workers.#spawn()));
    } catch (error) {
      workers.stop();
      throw error;
    }
    return workers;
  }

  /** Does a job; never rejects. No more jobs at a time than there are processes. */
  run(job: Job): Promise<Outcome> {
    return new Promise((done) => {
      const slot = [...this.#slots].find(({ busy }) => !busy);
      if (!slot) return done(failure(job.path, "no process is left to read it"));
      slot.busy = { job, done };
      tell(slot.process, { job });
    });
  }

  stop(): void {
    for (const { process } of this.#slots) process.removeAllListeners("exit").disconnect();
  }

  #spawn(): Promise<void> {
    const child = fork(fileURLToPath(new URL("./detect-worker.js", import.meta.url)), {
      // Images are short-lived: a small young generation returns their memory soon.
      execArgv: [...process.execArgv, "--max-semi-space-size=4"],
      serialization: "advanced",
      stdio: ["ignore", 2, 2, "ipc"],
    });
    const slot: Slot = { process: child };
    this.#slots.add(slot);
    tell(child, { open: this.#options });
    return new Promise((ready, fail) => {
      let opened = false;
      const finish = (outcome: Outcome) => {
        const { busy } = slot;
        slot.busy = undefined;
        busy?.done(outcome);
      };
      child.on("message", (message: FromWorker) => {
        if ("outcome" in message) return finish(message.outcome);
        if ("failed" in message) return fail(new Error(message.failed));
        opened = true;
        ready();
      });
      child.on("error", fail);
      child.on("exit", (code, signal) => {
        const reason = `its process ended: ${signal ?? `status ${code}`}`;
        this.#slots.delete(slot);
        fail(new Error(reason));
        const { busy } = slot;
        // A successor first: the next job may come as soon as this one is reported.
        if (opened) void this.#spawn().catch(() => {});
        busy?.done(failure(busy.job.path, reason));
      });
    });
  }
}

function tell(child: ChildProcess, message: ToWorker): void {
  child.send(message, () => {}); // to a process that has gone: its exit is reported
}
