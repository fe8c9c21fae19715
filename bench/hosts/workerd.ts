/** fivepoint in workerd, timed from outside: the difference between a request of many calls and one of few. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Miniflare } from "miniflare";
import { quiet } from "../../test/support/miniflare.ts";
import type { Host } from "./host.ts";

export async function openWorkerd(folder: string, precision: "f32" | "int8"): Promise<Host> {
  const wasm = (name: string) =>
    ({ type: "CompiledWasm", path: `/${name}?module`, contents: readFileSync(`dist/${name}`) }) as const;
  const worker = new Miniflare({
    modulesRoot: "/",
    modules: [
      { type: "ESModule", path: "/worker.js", contents: readFileSync(`${folder}/worker.js`) },
      wasm("model.wasm"),
      wasm("model-relaxed.wasm"),
    ],
    handleRuntimeStdio: quiet,
    compatibilityDate: "2026-07-01",
  });
  const ask = async (count: number, calls: number) => {
    const query = new URLSearchParams({ precision, count: `${count}`, calls: `${calls}` });
    const began = performance.now();
    const response = await worker.dispatchFetch(`http://localhost/?${query}`);
    const answers = (await response.json()) as number[];
    return { answers, ms: performance.now() - began };
  };
  await worker.ready;
  const unready = (await ask(1, 0)).ms; // a landmarker is made in this request
  const request = (await ask(1, 0)).ms;
  const first = (await ask(1, 1)).ms;
  const { version } = createRequire(import.meta.url)("workerd/package.json");
  return {
    version: "fivepoint",
    engine: `workerd ${version}`,
    start: { load: 0, create: unready - request, first: first - request },
    answers: async (count) => (await ask(count, 1)).answers,
    async time(count, ms) {
      const trial = Math.ceil(2000 / count);
      const few = (await ask(count, Math.ceil(trial / 10))).ms;
      const a = (await ask(count, trial)).ms;
      const each = Math.max((a - few) / (trial - Math.ceil(trial / 10)), 1e-3);
      const calls = Math.max(trial, Math.ceil(ms / each));
      const start = await ask(count, Math.ceil(calls / 10));
      const whole = await ask(count, calls);
      return [((whole.ms - start.ms) * 1000) / (calls - Math.ceil(calls / 10))];
    },
    close: () => worker.dispose(),
  };
}
