/** The messages between the pool and its workers. */
import type { FinderParts, Search } from "../core/finder/finder.ts";
import type { FoundBox } from "../core/finder/types.ts";
import type { Face, Precision, WasmModule } from "../core/types.ts";

/** What a worker is given first; it answers with an empty list when it can take crops. */
export interface Start {
  readonly module: WasmModule;
  readonly weights: Uint8Array;
  readonly precision: Precision;
}

/** What it is given then: crops of 48×48 pixels, BGR, without gaps; or an image in which faces are to be found. */
export type Work =
  | { readonly crops: Uint8Array }
  | {
      readonly search: Search;
      /** With the first image that a worker gets. */
      readonly finder: FinderParts | undefined;
    };

/** What it answers for each crop. */
export type Answer = Pick<Face, "normalized" | "score">;

/** … or for the one image, or what is wrong with the weights. */
export type Answers = Answer[] | [FoundBox[]] | string;
