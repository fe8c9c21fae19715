/** `fivepoint/pool` where there are no workers: Cloudflare Workers, edge functions. */
import type { Pool, PoolOptions } from "./pool.ts";

export { WeightsError } from "../core/errors.ts";
export type { DetectManyOptions, ManyItem, ManyItems, ManyResult } from "./many.ts";
export type { Pool, PoolOptions };

/** Always rejects. */
export async function createPool(_options?: PoolOptions): Promise<Pool> {
  throw new Error("There are no workers here: use createLandmarker from fivepoint.");
}
