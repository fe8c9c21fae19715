/** The packed package in the real runtimes. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFinder } from "../../dist/finder.js";
import { createLandmarker } from "../../dist/index.js";
import { toFloat32 } from "../../src/core/container.ts";
import { parseWeights, TENSORS } from "../../src/core/landmarks.ts";
import { forward } from "../reference/network.ts";
import { bundledModules, COMPATIBILITY_DATE, startWorker } from "../support/miniflare.ts";
import { type Answer, browserNames, hasBrowser, RealBrowser } from "./browsers.ts";
import { CROPS, crops, probe } from "./probe.mjs";
import { bin, check, HERE, installPacked, OUT, type Report, run } from "./support.ts";

const reports: Record<string, Report> = {};
let want: Report;

beforeAll(async () => {
  await installPacked();
  want = await probe(createLandmarker, createFinder);
}, 600_000);

// What else the machine does only adds to a time: the fastest run since the package was built counts.
afterAll(() => {
  const file = "build/runtimes.json";
  const hash = createHash("sha256").update(readFileSync("dist/index.js"));
  for (const name of readdirSync("dist/shared")) hash.update(readFileSync(join("dist/shared", name)));
  const built = hash.digest("hex");
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const earlier: typeof reports = before.built === built ? before.reports : {};
  for (const [name, report] of Object.entries(reports)) {
    for (const time of ["coldMs", "faceMs"] as const)
      report[time] = Math.min(report[time], earlier[name]?.[time] ?? report[time]);
  }
  mkdirSync("build", { recursive: true });
  writeFileSync(file, `${JSON.stringify({ built, reports: { ...earlier, ...reports } }, null, 2)}\n`);
});

/** Keeps a report for the table of docs/RUNTIMES.md and checks it. */
function keep(name: string, report: Report, tiers?: string[]): void {
  reports[name] = report;
  check(report, want, tiers);
}

it("the bits that all must give are those of the float64 reference, rounded on the way", () => {
  const { tensors } = parseWeights(readFileSync("weights/default.safetensors"));
  const values = new Map(TENSORS.map(({ name }) => [name, toFloat32(tensors.get(name)!)]));
  const got = new Float32Array(new Uint8Array(Buffer.from(want.baseline, "hex")).buffer);
  for (let i = 0; i < CROPS; i++) {
    const landmarks = forward(values, crops().subarray(6912 * i, 6912 * (i + 1))).get("fc3")!;
    const errors = Array.from(landmarks, (value, j) => Math.abs(got[10 * i + j]! - value));
    expect(Math.max(...errors)).toBeLessThan(2e-5);
  }
});

// The machine's own Node, where npm runs the tests on the pinned one.
const machineNode = (process.env.PATH ?? "")
  .split(":")
  .filter((folder) => !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .find((path) => existsSync(path));

describe("Node", () => {
  it("the pinned one, import", async () => {
    keep(`Node ${process.versions.node}`, JSON.parse(await run(process.execPath, ["apps/esm.mjs"])), [
      "relaxed",
    ]);
  });
  it("the pinned one, require", async () => {
    check(JSON.parse(await run(process.execPath, ["apps/require.cjs"])), want);
  });
  it.skipIf(!machineNode)("the machine's own, import", async () => {
    const version = (await run(machineNode!, ["--version"])).trim().slice(1);
    keep(`Node ${version}`, JSON.parse(await run(machineNode!, ["apps/esm.mjs"])));
  });
  it.skipIf(!machineNode)("the machine's own, require", async () => {
    check(JSON.parse(await run(machineNode!, ["apps/require.cjs"])), want);
  });
});

/** The program of a package that carries it in one package a platform. */
function platformProgram(scope: string, ...path: string[]): string | undefined {
  const folder = join(HERE, "node_modules", scope);
  const [platform] = existsSync(folder) ? readdirSync(folder) : [];
  return platform && join(folder, platform, ...path);
}

describe("Deno and Bun", () => {
  const program = {
    deno: () => platformProgram("@deno", "deno"),
    bun: () => platformProgram("@oven", "bin", "bun"),
  };
  const deno = ["run", "--node-modules-dir=manual", "--no-lock", "--no-prompt"];

  it("Deno", async ({ skip }) => {
    const path = program.deno() ?? skip("no build for this platform");
    const version = /deno (\S+)/.exec(await run(path, ["--version"]))![1];
    keep(`Deno ${version}`, JSON.parse(await run(path, [...deno, "--allow-read", "apps/esm.mjs"])));
  });
  it("Bun", async ({ skip }) => {
    const path = program.bun() ?? skip("no build for this platform");
    const version = (await run(path, ["--version"])).trim();
    keep(`Bun ${version}`, JSON.parse(await run(path, ["run", "apps/esm.mjs"])));
  });

  // sharp is native code, which Deno loads with its permission alone.
  it.for([
    ["deno", [...deno, "--allow-all"]],
    ["bun", ["run"]],
  ] as const)("%s reads a file by fivepoint/node", async ([name, args], { skip }) => {
    const path = program[name]() ?? skip("no build for this platform");
    const read = await run(path, [...args, "apps/read.mjs", resolve("examples/astronaut.jpg")]);
    expect(JSON.parse(read)).toEqual({ width: 96, height: 96, format: "rgb" });
  });
});

/** A package of this folder's own, which isn't there before `installPacked`. */
const installed = createRequire(join(HERE, "package.json"));

const moduleFile = (name: string) => readFileSync(join(HERE, "node_modules/fivepoint/dist", name));

describe("edge runtimes", () => {
  it("workerd, bundled by wrangler without configuration", async () => {
    const folder = join(OUT, "workerd");
    const names = ["--name", "probe", "--compatibility-date", COMPATIBILITY_DATE];
    rmSync(folder, { recursive: true, force: true });
    await run(bin("wrangler"), ["deploy", "apps/fetch.mjs", "--dry-run", "--outdir", folder, ...names]);
    const worker = startWorker(bundledModules(folder, "fetch.js"));
    try {
      // Its clock stands still while code runs: times are taken from outside.
      const time = async (faces: number) => {
        const start = performance.now();
        await (await worker.dispatchFetch(`http://localhost/?faces=${faces}`)).text();
        return performance.now() - start;
      };
      await time(0);
      const request = await time(0);
      const coldMs = (await time(1)) - request;
      await time(500);
      const rounds = [await time(1000), await time(1000), await time(1000)];
      const faceMs = (Math.min(...rounds) - request) / 1000;
      const response = await worker.dispatchFetch("http://localhost/");
      keep("workerd", { ...((await response.json()) as Report), coldMs, faceMs }, ["relaxed"]);
    } finally {
      await worker.dispose();
    }
  });

  it("Vercel's edge-runtime", async () => {
    const compiled: Record<string, WebAssembly.Module> = {};
    const given: Plugin = {
      name: "given",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "given" }));
        onLoad({ filter: /.*/, namespace: "given" }, ({ path }) => {
          compiled[path] = new WebAssembly.Module(moduleFile(path.slice(2, -"?module".length)));
          return { contents: `export default compiled[${JSON.stringify(path)}]` };
        });
      },
    };
    const { outputFiles } = await build({
      entryPoints: [join(HERE, "apps/edge-runtime.mjs")],
      bundle: true,
      format: "iife",
      write: false,
      conditions: ["edge-light"],
      plugins: [given],
    });
    const { EdgeRuntime } = installed("edge-runtime");
    const runtime = new EdgeRuntime({
      initialCode: outputFiles[0]!.text,
      extend: (context: object) => Object.assign(context, { compiled, performance }),
    });
    const response = await runtime.dispatchFetch("http://localhost/");
    keep("edge-runtime", (await response.json()) as Report);
  });
});

const CSP = "default-src 'none'; connect-src 'self'; worker-src 'self'; script-src 'self'";

/** The files of this folder under a content security policy; each script of apps/browser has a page. */
function serve({ pathname, searchParams }: URL): Answer {
  const script = /^\/(\w+)\.html$/.exec(pathname)?.[1];
  const file = join(HERE, pathname);
  const page = script && `<!doctype html><script type="module" src="/apps/browser/${script}.mjs"></script>`;
  return {
    body: page ?? (existsSync(file) ? readFileSync(file) : undefined),
    headers: {
      "content-security-policy": searchParams.has("strict") ? CSP : `${CSP} 'wasm-unsafe-eval'`,
      // Isolated pages get a finer clock: Firefox's and WebKit's is 1 ms otherwise.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    },
  };
}

// Safari and its kin have no relaxed SIMD: WebKit is the proof that the baseline tier is chosen there.
const TIER: Record<string, string> = { Chromium: "relaxed", Firefox: "relaxed", WebKit: "baseline" };

for (const name of browserNames) {
  describe.skipIf(!hasBrowser(name))(`${name} (needs it installed)`, () => {
    const tiers = [TIER[name]!];
    let browser: RealBrowser;
    beforeAll(async () => {
      browser = await RealBrowser.start(name, serve);
    });
    afterAll(() => browser?.close());

    it("main thread, without a bundler, under a content security policy", async () => {
      keep(`${name} ${await browser.version()}`, await browser.open("main.html"), tiers);
    });
    it("module worker", async () => check(await browser.open("worker.html"), want, tiers));
    it("service worker", async () => check(await browser.open("service.html"), want, tiers));
    it("slim, its files from the server", async () =>
      check(await browser.open("slim.html"), { ...want, boxes: null }, tiers));
    it("needs 'wasm-unsafe-eval' in a policy that names script-src", async () => {
      expect((await browser.open<{ error: string }>("main.html?strict")).error).toMatch(/CompileError/);
    });
  });
}

describe("the package's shape", () => {
  it("publint finds nothing", async () => {
    const { publint } = installed("publint");
    const { messages } = await publint({ pkgDir: join(HERE, "node_modules/fivepoint"), strict: true });
    expect(messages).toEqual([]);
  });
  it("its types resolve everywhere (attw)", async () => {
    const tarball = join(OUT, readdirSync(OUT).find((name) => name.endsWith(".tgz"))!);
    await run(bin("attw"), [tarball, "--profile", "esm-only"]);
  });
});
