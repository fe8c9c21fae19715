/** `fivepoint/pool` for browsers and every bundler: workers of a script that is inside it. */
import { type Platform, Pool, type PoolOptions } from "./pool.ts";
import script from "./worker.ts?text";

export { WeightsError } from "../core/errors.ts";
export type { Pool, PoolOptions };

/**
 * Starts workers that find landmarks on all cores. In browsers a content security policy must allow `worker-src blob:`
 * and `script-src 'wasm-unsafe-eval'`.
 * @throws (as a rejection) TypeError, RangeError for a bad option, WeightsError for a bad weights file, Error where workers
 *   can't be started
 */
export async function createPool(options?: PoolOptions): Promise<Pool> {
  if (typeof Worker === "undefined")
    throw new Error("There are no workers here: use createLandmarker from fivepoint.");
  return Pool.create({ cores: () => navigator.hardwareConcurrency, start }, options);
}

const BLOCKED = "a content security policy must allow worker-src blob:";

const start: Platform["start"] = (onAnswer, onEnd) => {
  const url = URL.createObjectURL(new Blob(["const port = self;", script], { type: "text/javascript" }));
  const worker = open(url);
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url); // it has started
    onAnswer(data);
  };
  worker.onerror = (event) => {
    URL.revokeObjectURL(url);
    event.preventDefault();
    onEnd(event.message ?? BLOCKED); // a policy's event has no message
  };
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    keepAlive() {}, // a page's workers end with it
    stop: () => worker.terminate(),
  };
};

/** WebKit throws what other browsers tell by an event. */
function open(url: string): Worker {
  try {
    return new Worker(url, { name: "fivepoint" });
  } catch (error) {
    throw new Error(`A worker of the pool couldn't start: ${BLOCKED}`, { cause: error });
  }
}
