/** `fivepoint/pool` for Node, Deno and Bun: threads of `node:worker_threads`. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { Pool, type PoolOptions } from "./pool.ts";
import script from "./worker.ts?text";

export { WeightsError } from "../core/errors.ts";
export type { DetectManyOptions, ManyItem, ManyItems, ManyResult } from "./many.ts";
export type { Pool, PoolOptions };

/** As in the browser's entry. */
export function createPool(options?: PoolOptions): Promise<Pool> {
  return Pool.create(
    {
      cores: availableParallelism,
      start(onAnswer, onEnd) {
        // Options of the program (--input-type, --import …) aren't meant for it.
        const worker = new Worker(`const port = require("node:worker_threads").parentPort;${script}`, {
          eval: true,
          execArgv: [],
        });
        worker.on("message", onAnswer);
        worker.on("error", onEnd);
        worker.on("messageerror", onEnd);
        worker.on("exit", (status) => onEnd(`exit status ${status}`));
        return {
          post: (message, transfer) => worker.postMessage(message, transfer),
          keepAlive: (busy) => (busy ? worker.ref() : worker.unref()),
          stop: () => worker.terminate(),
        };
      },
    },
    options,
  );
}
