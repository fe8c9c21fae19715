/**
 * Runs what people use instead, as installed, in Node, Chromium and workerd: node test/runtimes/peers/run.ts
 * Installs the packages into .cache/peers and writes build/peers.json, from which tables.mjs makes the tables.
 *
 * As installed is `npm install`, an import and a bundler without configuration: Vite for the browser, wrangler for workerd.
 * What fails so is tried once more with the one setting that its manual names, where there is one.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { gzipSync } from "node:zlib";
import { toFloat32 } from "../../../src/core/container.ts";
import { parseWeights } from "../../../src/core/landmarks.ts";
import { exportOnnx } from "../../../src/formats/onnx.ts";
import { bundledModules, COMPATIBILITY_DATE, startWorker } from "../../support/miniflare.ts";
import { packTo } from "../../support/packed.ts";
import { randomCrops } from "../../support/random.ts";
import { type Answer, hasBrowser, RealBrowser } from "../browsers.ts";
import { OUT, run } from "../support.ts";

const ROOT = resolve(".cache/peers");
const MODULES = join(ROOT, "node_modules");

interface Measured {
  landmarks: number[];
  coldMs: number;
  faceMs: number;
}
interface Result extends Partial<Measured> {
  /** Why it doesn't work as installed. */
  error?: string;
  /** Why it doesn't with the setting of its manual either. */
  stillFails?: string;
  /** Bytes that a page downloads, compressed, without the network's own. */
  download?: number;
}

interface Peer {
  readonly package: string;
  /** Whether its landmarks are those of the same network. */
  readonly sameNetwork: boolean;
  /** The folder of wasm files in its package, which its manual has one copy to the server and name. */
  readonly wasmFolder?: string;
}
const PEERS: Record<string, Peer> = {
  fivepoint: { package: "fivepoint", sameNetwork: true },
  "onnxruntime-web": { package: "onnxruntime-web", sameNetwork: true },
  tfjs: {
    package: "@tensorflow/tfjs-backend-wasm",
    sameNetwork: true,
    wasmFolder: "@tensorflow/tfjs-backend-wasm/dist",
  },
  opencv: { package: "@techstark/opencv-js", sameNetwork: true },
  "face-api": { package: "@vladmandic/face-api", sameNetwork: false },
  mediapipe: {
    package: "@mediapipe/tasks-vision",
    sameNetwork: false,
    wasmFolder: "@mediapipe/tasks-vision/wasm",
  },
};

const bin = (name: string) => join(MODULES, ".bin", name);
const base64 = (bytes: ArrayBufferView) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** Installs the packages beside a copy of this folder, and writes what the apps are given. */
function prepare(): void {
  mkdirSync(join(ROOT, "public"), { recursive: true });
  cpSync("test/runtimes/peers", ROOT, { recursive: true });
  const npm = (...args: string[]) => execFileSync("npm", args, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  npm("install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", packTo(OUT));
  const file = parseWeights(readFileSync("weights/default.safetensors"));
  const models = join(MODULES, "@vladmandic/face-api/model/face_landmark_68_tiny_model");
  const [manifest] = JSON.parse(readFileSync(`${models}-weights_manifest.json`, "utf8"));
  const given = {
    onnx: base64(exportOnnx(file)),
    crop: base64(randomCrops(1, 5)),
    tensors: Object.fromEntries(
      [...file.tensors].map(([name, tensor]) => [
        name,
        { shape: tensor.shape, values: base64(toFloat32(tensor)) },
      ]),
    ),
    faceApi: { manifest: manifest.weights, weights: readFileSync(`${models}.bin`).toString("base64") },
  };
  writeFileSync(join(ROOT, "public/given.json"), JSON.stringify(given));
}

/** The line of a program's complaint that says what is wrong. */
function reason({ message, stderr }: Error & { stderr?: string }): string {
  const lines = stripVTControlCharacters(stderr || message).split("\n");
  return (lines.find((line) => /error/i.test(line) && !/Build failed/.test(line)) ?? lines[0]!).trim();
}

/** The fastest of three runs in fresh processes, since what else the machine does only adds; or why there is none. */
async function attempt(measure: () => Promise<Result>): Promise<Result> {
  try {
    const runs = [await measure()];
    while (!runs[0]!.error && runs.length < 3) runs.push(await measure());
    const fastest = (key: "coldMs" | "faceMs") => Math.min(...runs.map((result) => result[key]!));
    return runs[0]!.error ? runs[0]! : { ...runs[0]!, coldMs: fastest("coldMs"), faceMs: fastest("faceMs") };
  } catch (error) {
    return { error: reason(error as Error) };
  }
}

const inNode = (app: string, options: object) =>
  attempt(async () => {
    const args = [join(ROOT, "node.mjs"), app, JSON.stringify(options)];
    return JSON.parse((await run(process.execPath, args)).trim().split("\n").at(-1)!);
  });

async function inChromium(app: string, options: object): Promise<Result> {
  const page = join(ROOT, "page");
  const dist = join(page, "dist");
  rmSync(page, { recursive: true, force: true });
  mkdirSync(page);
  writeFileSync(join(page, "index.html"), '<!doctype html><script type="module" src="./main.mjs"></script>');
  writeFileSync(
    join(page, "main.mjs"),
    `import { measure, say, unpack } from "../measure.mjs";
     const load = () => import("../apps/${app}.mjs");
     const report = async () => {
       try {
         const given = unpack(await (await fetch("/given.json")).json());
         return await measure(load, given, ${JSON.stringify(options)});
       } catch (error) {
         return { error: say(error) };
       }
     };
     report().then((body) => fetch("/report", { method: "POST", body: JSON.stringify(body) }));`,
  );
  const served = new Map<string, number>();
  const answer = ({ pathname: path }: URL): Answer => {
    const folder = path === "/given.json" ? "public" : path.startsWith("/node_modules/") ? "" : "page/dist";
    const file = join(ROOT, folder, path);
    if (!existsSync(file)) return { body: undefined };
    const body = readFileSync(file);
    if (path !== "/given.json") served.set(path, gzipSync(body, { level: 9 }).length);
    return { body };
  };
  return attempt(async () => {
    if (!existsSync(dist)) await run(bin("vite"), ["build", page, "--outDir", dist], { cwd: page });
    served.clear();
    const browser = await RealBrowser.start("Chromium", answer);
    try {
      const result = await browser.open<Result>("index.html");
      return { ...result, download: [...served.values()].reduce((sum, size) => sum + size, 0) };
    } finally {
      browser.close();
    }
  });
}

async function inWorkerd(app: string, options: object): Promise<Result> {
  const file = join(ROOT, "worker.mjs");
  const folder = join(ROOT, "worker");
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(
    file,
    `import { say, unpack } from "./measure.mjs";
     import json from "./public/given.json";
     let given, runner;
     export default {
       async fetch(request) {
         try {
           given ??= unpack(json);
           const faces = Number(new URL(request.url).searchParams.get("faces"));
           if (faces && !runner) {
             const { create } = await import("./apps/${app}.mjs");
             runner = await create(given, ${JSON.stringify(options)});
           }
           let landmarks = [];
           for (let i = 0; i < faces; i++) landmarks = await runner(given.crop);
           return Response.json({ landmarks: [...landmarks] });
         } catch (error) {
           return Response.json({ error: say(error) });
         }
       },
     };`,
  );
  return attempt(async () => {
    if (!existsSync(folder)) {
      const names = ["--name", "peer", "--compatibility-date", COMPATIBILITY_DATE];
      await run(bin("wrangler"), ["deploy", file, "--dry-run", "--outdir", folder, ...names], { cwd: ROOT });
    }
    const worker = startWorker(bundledModules(folder, "worker.js"));
    try {
      const ask = async (faces: number) => {
        const start = performance.now();
        const response = await worker.dispatchFetch(`http://localhost/?faces=${faces}`);
        const { error, landmarks } = (await response.json()) as Result;
        if (error) throw new Error(error);
        return { landmarks: landmarks!, ms: performance.now() - start };
      };
      await ask(0);
      const request = (await ask(0)).ms;
      const { landmarks, ms } = await ask(1);
      await ask(300);
      const rounds = [await ask(500), await ask(500), await ask(500)].map((round) => round.ms);
      return { landmarks, coldMs: ms - request, faceMs: (Math.min(...rounds) - request) / 500 };
    } finally {
      await worker.dispose();
    }
  });
}

prepare();
const runtimes = {
  Node: { run: inNode, path: (folder: string) => `${join(MODULES, folder)}/` },
  ...(hasBrowser("Chromium") && {
    Chromium: { run: inChromium, path: (folder: string) => `/node_modules/${folder}/` },
  }),
  workerd: { run: inWorkerd },
};
const results: object[] = [];
let want: number[] | undefined;
for (const [app, { package: name, sameNetwork, wasmFolder }] of Object.entries(PEERS)) {
  const { version } = JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
  for (const [runtime, place] of Object.entries(runtimes)) {
    let result = await place.run(app, {});
    if (result.error && wasmFolder && "path" in place) {
      const configured = await place.run(app, { wasmFolder: place.path(wasmFolder) });
      const { error, ...measured } = configured;
      result = { ...measured, error: result.error, ...(error && { stillFails: error }) };
    }
    if (sameNetwork && result.landmarks) {
      want ??= result.landmarks;
      const difference = Math.max(...result.landmarks.map((value, i) => Math.abs(value - want![i]!)));
      if (!(difference < 1e-3)) throw new Error(`${name} in ${runtime} is off by ${difference}`);
    }
    const { landmarks, ...row } = { name, version, runtime, ...result };
    console.error(JSON.stringify(row));
    results.push(row);
  }
}
mkdirSync("build", { recursive: true });
writeFileSync("build/peers.json", `${JSON.stringify(results, null, 2)}\n`);
