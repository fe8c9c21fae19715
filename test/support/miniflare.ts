import { readdirSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { Miniflare, type MiniflareOptions, type ModuleDefinition } from "miniflare";

/** That of the examples; the pinned workerd knows it. */
export const COMPATIBILITY_DATE = "2026-07-01";

/** For Miniflare's `handleRuntimeStdio`: the Worker's log isn't the tests'. */
export function quiet(stdout: Readable, stderr: Readable): void {
  stdout.resume();
  stderr.resume();
}

/** What a bundler for Workers left in a folder, as Miniflare takes it: the entry first. */
export function bundledModules(folder: string, entry = "index.js"): ModuleDefinition[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(m?js|wasm)$/.test(name))
    .sort((a, b) => Number(b === entry) - Number(a === entry))
    .map((name) => ({
      type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
      path: `${folder}/${name}`,
      contents: readFileSync(`${folder}/${name}`),
    }));
}

/** A Worker in the real workerd. */
export function startWorker(modules: ModuleDefinition[], options: object = {}): Miniflare {
  const common = { modules, compatibilityDate: COMPATIBILITY_DATE, handleRuntimeStdio: quiet };
  return new Miniflare({ ...common, ...options } as MiniflareOptions);
}
