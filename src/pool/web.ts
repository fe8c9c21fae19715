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

const start: Platform["start"] = (onAnswer, onEnd) => {
  const url = URL.createObjectURL(new Blob(["const port = self;", script], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "fivepoint" });
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url); // it has started
    onAnswer(data);
  };
  worker.onerror = (event) => {
    URL.revokeObjectURL(url);
    event.preventDefault();
    // A script that isn't allowed has no message.
    onEnd(event.message ?? "it couldn't start; a content security policy must allow worker-src blob:");
  };
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    hold() {}, // a page's workers end with it
    stop: () => worker.terminate(),
  };
};
