/** The bench's side of a contender. */
import type { Opened } from "../session.ts";

export interface Host extends Opened {
  answers(count: number): Promise<number[]>;
  /** Microseconds of a call, sample by sample, from `ms` milliseconds of calls. */
  time(count: number, ms: number): Promise<number[]>;
  close(): Promise<void>;
}
