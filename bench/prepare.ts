/** Everything that has to lie ready before a process can be measured: bundles, models, peers installed on demand. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { parseWeights } from "../src/core/landmarks.ts";
import { exportOnnx } from "../src/formats/onnx.ts";
import { crops } from "./session.ts";

const run = promisify(execFile);
const path = (name: string) => resolve(import.meta.dirname, "..", name);

export const BUILD = path("build/bench");
export const MODELS = join(BUILD, "models");
/** Peers too large for devDependencies, pinned in contenders/packages.json and requirements.txt. */
export const PACKAGES = path(".cache/bench");
export const PYTHON = join(PACKAGES, "venv/bin/python");

/** Bundles the scripts of the processes, so that Node 20, pages and Workers can run them. */
export async function bundle(): Promise<void> {
  // The tsconfig sends `fivepoint` to its source; what is measured is the package as built.
  const common = {
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
    tsconfigRaw: {},
  } as const;
  await Promise.all([
    build({
      ...common,
      platform: "node",
      packages: "external",
      splitting: true,
      entryPoints: [path("bench/hosts/child.ts"), path("bench/hosts/start.ts")],
      outdir: join(BUILD, "node"),
    }),
    build({
      ...common,
      platform: "browser",
      splitting: true,
      external: ["node:*"],
      entryPoints: [path("bench/hosts/page.ts")],
      outdir: join(BUILD, "page"),
    }),
    build({
      ...common,
      conditions: ["workerd"],
      external: ["./model*.wasm?module"],
      entryPoints: [path("bench/hosts/worker.ts")],
      outdir: join(BUILD, "worker"),
    }),
  ]);
  await writeFile(
    join(BUILD, "page/index.html"),
    '<!doctype html><script type="module" src="/page.js"></script>',
  );
  // The page fetches ONNX Runtime's wasm from beside its script.
  for (const name of ["ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.mjs"]) {
    await copyFile(path(`node_modules/onnxruntime-web/dist/${name}`), join(BUILD, "page", name));
  }
}

/** Writes the models that need nothing but devDependencies. */
export async function writeModels(): Promise<void> {
  await mkdir(MODELS, { recursive: true });
  const weights = await readFile(path("weights/default.safetensors"));
  await writeFile(join(MODELS, "weights.safetensors"), weights);
  await writeFile(join(MODELS, "crops.bin"), crops);
  await writeFile(join(MODELS, "network-f32.onnx"), exportOnnx(parseWeights(weights)));
}

/**
 * Installs the peers that aren't devDependencies and converts the network for them.
 * @returns what couldn't be had, with the reason
 */
export async function installPeers(): Promise<Map<string, string>> {
  const missing = new Map<string, string>();
  await mkdir(PACKAGES, { recursive: true });
  const once = async (name: string, sources: string[], make: () => Promise<unknown>) => {
    const hash = createHash("sha256");
    for (const source of sources) hash.update(await readFile(path(source)));
    const stamp = join(PACKAGES, `.${name}`);
    const wanted = hash.digest("hex");
    if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return;
    await make();
    await writeFile(stamp, wanted);
  };
  const attempt = async (names: string[], make: () => Promise<unknown>) => {
    try {
      await make();
    } catch (error) {
      const text = String((error as { stderr?: string }).stderr || error);
      const reason = text.trim().split("\n").at(-1)!;
      for (const name of names) missing.set(name, reason);
    }
  };
  await attempt(["tfjs", "litert"], () =>
    once("packages", ["bench/contenders/packages.json"], async () => {
      console.error("Installing TensorFlow.js and LiteRT.js into .cache/bench …");
      await copyFile(path("bench/contenders/packages.json"), join(PACKAGES, "package.json"));
      await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: PACKAGES });
    }),
  );
  if (!missing.has("litert")) {
    const served = join(BUILD, "page/packages");
    await mkdir(served, { recursive: true });
    await build({
      bundle: true,
      format: "esm",
      logLevel: "error",
      entryPoints: [createRequire(join(PACKAGES, "package.json")).resolve("@litertjs/core")],
      outfile: join(served, "litert.js"),
    });
    await cp(join(PACKAGES, "node_modules/@litertjs/core/wasm"), join(served, "litert-wasm"), {
      recursive: true,
    });
  }
  const python = ["openvino", "ncnn", "xnnpack", "int8"];
  await attempt(python, () =>
    once("python", ["bench/contenders/requirements.txt"], async () => {
      console.error("Installing OpenVINO, ncnn, LiteRT and ONNX tools into .cache/bench/venv …");
      await run("python3", ["-m", "venv", join(PACKAGES, "venv")]);
      const pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check"];
      await run(PYTHON, [...pip, "-r", path("bench/contenders/requirements.txt")]);
      await run(PYTHON, [...pip, "--no-deps", PNNX]); // its own dependency, torch, is for what isn't used here
    }),
  );
  if (!missing.has("int8")) {
    const { stdout } = await run(PYTHON, [path("bench/contenders/convert.py"), MODELS], {
      maxBuffer: 1 << 26,
    });
    const done = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, string | null>;
    if (done.onnx) missing.set("int8", done.onnx);
    if (done.tflite) missing.set("litert", done.tflite).set("xnnpack", done.tflite);
    if (done.ncnn) missing.set("ncnn", done.ncnn);
  }
  await cp(MODELS, join(BUILD, "page/models"), { recursive: true });
  return missing;
}
const PNNX = "pnnx==20261020";

/** Writes a file whole or not at all. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}
