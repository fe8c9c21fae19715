/** What workerd's processes use, and a load for them. */
import { readdirSync, readFileSync } from "node:fs";
import type { Miniflare, ModuleDefinition } from "miniflare";
import { bundledModules, startWorker } from "./miniflare.ts";

/** The processes of workerd that this one has started; procfs tells only on Linux. */
function processes(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim();
  return children
    .split(" ")
    .filter((pid) => pid && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("workerd"))
    .map(Number);
}

/** Starts a Worker and finds its process. */
export async function startMeasured(start: () => Miniflare): Promise<{ worker: Miniflare; pid: number }> {
  const before = processes();
  const worker = start();
  await worker.ready;
  const pid = processes().find((process) => !before.includes(process));
  if (!pid) throw new Error("workerd's process isn't there");
  return { worker, pid };
}

/** CPU time of all threads so far, to the nanosecond. */
export const cpuMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds / 1e6, 0);

/** Sends the same JPEG so many times, eight at once. */
export async function load(
  url: URL,
  body: Uint8Array<ArrayBuffer>,
  requests: number,
): Promise<{ errors: number; seconds: number }> {
  let left = requests;
  let errors = 0;
  const start = performance.now();
  const caller = async () => {
    while (left-- > 0) {
      const headers = { "content-type": "image/jpeg" };
      try {
        const response = await fetch(url, { method: "POST", headers, body });
        if (response.status !== 200) errors++;
        await response.arrayBuffer();
      } catch {
        errors++; // a connection that broke
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  return { errors, seconds: (performance.now() - start) / 1000 };
}

// Around a bundled Worker: counts the bytes of the wasm memories that it makes, which V8's figures leave out.
const COUNTER = `
const memories = [];
const keep = (instance) => {
  for (const value of Object.values(instance.exports)) if (value instanceof WebAssembly.Memory) memories.push(new WeakRef(value));
  return instance;
};
const { instantiate, Instance } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => keep(await instantiate(module, imports));
WebAssembly.Instance = new Proxy(Instance, { construct: (target, given) => keep(new target(...given)) });
export const wasmBytes = () => memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0);
`;
const COUNTED = `
import { wasmBytes } from "./counter.js";
import worker from "./index.js";
export default {
  fetch: (request, ...rest) =>
    new URL(request.url).pathname === "/wasm-bytes" ? Response.json(wasmBytes()) : worker.fetch(request, ...rest),
};
`;

/** Starts a bundled Worker so that `isolateBytes` can tell what it holds. */
export function startCounted(folder: string, options: object): Miniflare {
  const module = (name: string, contents: string): ModuleDefinition => ({
    type: "ESModule",
    path: `${folder}/${name}`,
    contents,
  });
  const modules = [module("counted.js", COUNTED), module("counter.js", COUNTER), ...bundledModules(folder)];
  return startWorker(modules, { ...options, modulesRoot: folder, inspectorPort: 0 });
}

/** What the isolate holds after a garbage collection: objects, buffers and wasm memories. */
export async function isolateBytes(worker: Miniflare): Promise<number> {
  const inspector = await worker.getInspectorURL();
  const [target] = (await (await fetch(`http://${inspector.host}/json`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(target!.webSocketDebuggerUrl);
  await new Promise((opened) => socket.addEventListener("open", opened));
  const request = async () =>
    (await (await worker.dispatchFetch("http://localhost/wasm-bytes")).json()) as number;
  // An isolate takes a message in the turn of a request that comes after it: requests go on until one was late enough.
  const ask = async (id: number, method: string) => {
    let answer: { usedSize: number; backingStorageSize: number } | undefined;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.id === id) answer = message.result;
    });
    socket.send(JSON.stringify({ id, method }));
    while (!answer) await request();
    return answer;
  };
  await ask(1, "HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = await ask(2, "Runtime.getHeapUsage");
  const wasmBytes = await request();
  socket.close();
  return usedSize + backingStorageSize + wasmBytes;
}
