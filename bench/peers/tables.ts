/** What the tables have in common. */
import { readAnswers } from "./answers.ts";
import type { Times } from "./times.ts";

/** A Markdown table whose first columns are text and the others numbers. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  texts = 1,
): string {
  return [head, head.map((_, i) => (i < texts ? "---" : "--:")), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Who was measured, and when and where the times were. */
export function versions(table: string, keys: readonly string[], times: Times | undefined): string {
  const all = new Set(keys.map((key) => readAnswers(table, key).version));
  const measured = times && `Times of ${times.date}: one thread on ${times.cpu}.`;
  return [`Measured: ${[...all].join(", ")}.`, measured].filter(Boolean).join(" ");
}
