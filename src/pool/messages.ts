/** The messages between the pool and its workers. */
import type { Face, Precision, WasmModule } from "../core/types.ts";

/** What a worker is given first; it answers with an empty list when it can take crops. */
export interface Start {
  readonly module: WasmModule;
  readonly weights: Uint8Array;
  readonly precision: Precision;
}

/** What it is given then: crops of 48×48 pixels, BGR, without gaps. */
export interface Work {
  readonly crops: Uint8Array;
}

/** What it answers for each crop. */
export type Answer = Pick<Face, "normalized" | "score">;

/** … or what is wrong with the weights. */
export type Answers = Answer[] | string;
