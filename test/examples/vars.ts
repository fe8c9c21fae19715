import { readFileSync } from "node:fs";
import { readConfigFile } from "typescript";

/** What an example's wrangler.jsonc sets. */
export function readVars(example: string): Record<string, string> {
  const path = `examples/${example}/wrangler.jsonc`;
  return readConfigFile(path, (path) => readFileSync(path, "utf8")).config.vars;
}
