/**
 * The same calls on all cores. The entry for browsers and every bundler: workers of a script that is inside it.
 * @module fivepoint/pool
 */
import { type Platform, Pool, type PoolOptions } from "./pool.ts";
import script from "./worker.ts?text";

export { WeightsError } from "../core/errors.ts";
export type { DetectManyOptions, ManyItem, ManyItems, ManyResult } from "./many.ts";
export type { Pool, PoolOptions };

/**
 * Starts workers that find landmarks on all cores. In browsers a content security policy must allow `worker-src blob:`
 * and `script-src 'wasm-unsafe-eval'`, and `trusted-types fivepoint` where it requires these.
 * @throws (as a rejection) TypeError, RangeError for a bad option, WeightsError for a bad weights file, Error where workers
 *   can't be started
 */
export async function createPool(options?: PoolOptions): Promise<Pool> {
  if (typeof Worker === "undefined")
    throw new Error("There are no workers here: use createLandmarker from fivepoint.");
  return Pool.create({ cores, start }, options);
}

/** Browsers may keep the number to themselves. */
const cores = () => globalThis.navigator?.hardwareConcurrency ?? 2;

const BLOCKED =
  "a content security policy must allow worker-src blob:, and trusted-types fivepoint where it requires these";

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
  worker.onmessageerror = () => onEnd("its answer couldn't be read");
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    keepAlive() {}, // a page's workers end with it
    stop() {
      URL.revokeObjectURL(url); // it may not have started yet
      worker.terminate();
    },
  };
};

/** WebKit throws what other browsers tell by an event; where trusted types are required all throw. */
function open(url: string): Worker {
  try {
    return new Worker(trusted(url), { name: "fivepoint" });
  } catch (error) {
    URL.revokeObjectURL(url);
    throw new Error(`${BLOCKED} (${(error as Error).message})`, { cause: error });
  }
}

/** https://www.w3.org/TR/trusted-types/ */
interface Policy {
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}
let policy: Policy | undefined;

/** Pages that require trusted types take a script's address from a policy alone. There is one of a name per page. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  try {
    policy ??= trustedTypes?.createPolicy("fivepoint", { createScriptURL: (own) => own });
  } catch {} // a page that doesn't allow the policy may yet take a plain address
  return policy ? policy.createScriptURL(url) : url;
}
