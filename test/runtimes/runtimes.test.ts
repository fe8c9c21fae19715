/** The packed package in the real runtimes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { Miniflare } from "miniflare";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLandmarker } from "../../dist/index.js";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { quiet } from "../support/miniflare.ts";
import { probe } from "./probe.mjs";
import { bin, check, HERE, installPacked, OUT, type Report, run } from "./support.ts";

const reports: Record<string, Report> = {};
let want: Report;

beforeAll(async () => {
  await installPacked();
  want = await probe(createLandmarker);
}, 600_000);

afterAll(() => {
  mkdirSync("build", { recursive: true });
  writeFileSync("build/runtimes.json", `${JSON.stringify(reports, null, 2)}\n`);
});

/** Keeps a report for the table of docs/RUNTIMES.md and checks it. */
function keep(name: string, report: Report, tiers?: string[]): void {
  reports[name] = report;
  check(report, want, tiers);
}

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

const denoFolder = join(HERE, "node_modules", "@deno");
const bunFolder = join(HERE, "node_modules", "@oven");

describe("Deno and Bun", () => {
  it("Deno", async () => {
    const platform = readdirSync(denoFolder)[0]!;
    const args = [
      "run",
      "--node-modules-dir=manual",
      "--no-lock",
      "--no-prompt",
      "--allow-read",
      "apps/esm.mjs",
    ];
    const deno = join(denoFolder, platform, "deno");
    const version = /deno (\S+)/.exec(await run(deno, ["--version"]))![1];
    keep(`Deno ${version}`, JSON.parse(await run(deno, args)));
  });
  it("Bun", async () => {
    const bun = join(bunFolder, readdirSync(bunFolder)[0]!, "bin", "bun");
    const version = (await run(bun, ["--version"])).trim();
    keep(`Bun ${version}`, JSON.parse(await run(bun, ["run", "apps/esm.mjs"])));
  });
});

/** A package of this folder's own, which isn't there before `installPacked`. */
const installed = createRequire(join(HERE, "package.json"));

/** Leaves what `filter` matches to the runtime. */
const external = (filter: RegExp): Plugin => ({
  name: "external",
  setup({ onResolve }) {
    onResolve({ filter }, ({ path }) => ({ path, external: true }));
  },
});

const moduleFile = (name: string) => readFileSync(join(HERE, "node_modules/fivepoint/dist", name));

describe("edge runtimes", () => {
  it("workerd", async () => {
    const { outputFiles } = await build({
      entryPoints: [join(HERE, "apps/fetch.mjs")],
      bundle: true,
      format: "esm",
      write: false,
      conditions: ["workerd"],
      plugins: [external(/\.wasm$/)],
    });
    const worker = new Miniflare({
      modules: [
        { type: "ESModule", path: "worker.js", contents: outputFiles[0]!.text },
        ...["model.wasm", "model-relaxed.wasm"].map((path) => ({
          type: "CompiledWasm" as const,
          path,
          contents: moduleFile(path),
        })),
      ],
      compatibilityDate: "2026-07-01",
      handleRuntimeStdio: quiet,
    });
    try {
      const response = await worker.dispatchFetch("http://localhost/");
      const report = (await response.json()) as Report;
      // Its clock stands still while code runs: the time of many faces is taken from outside.
      const time = async (faces: number) => {
        const start = performance.now();
        await (await worker.dispatchFetch(`http://localhost/?faces=${faces}`)).text();
        return performance.now() - start;
      };
      await time(500);
      const faceMs = ((await time(2000)) - (await time(0))) / 2000;
      keep("workerd", { ...report, coldMs: Number.NaN, faceMs }, ["relaxed"]);
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

const TYPES: Record<string, string> = {
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".html": "text/html",
  ".wasm": "application/wasm",
};
const CSP = "default-src 'none'; connect-src 'self'; worker-src 'self'; script-src 'self'";

describe.skipIf(!hasChromium)("Chromium (needs it installed)", () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  const pages: Record<string, string> = {
    "/main.html": `<script type="module" src="/main.mjs"></script>`,
    "/main.mjs": `import { createLandmarker } from "/node_modules/fivepoint/dist/index.js"; import { probe } from "/probe.mjs";
      globalThis.report = probe(createLandmarker).catch((error) => ({ error: String(error) }));`,
    "/worker.html": `<script type="module" src="/start.mjs"></script>`,
    "/start.mjs": `globalThis.report = new Promise((done) => { const worker = new Worker("/worker.mjs", { type: "module" }); worker.onmessage = ({ data }) => done(data); worker.onerror = ({ message }) => done({ error: message }); });`,
    "/worker.mjs": `import { createLandmarker } from "/node_modules/fivepoint/dist/index.js"; import { probe } from "/probe.mjs"; probe(createLandmarker).then(postMessage);`,
    "/service.html": `<script type="module" src="/register.mjs"></script>`,
    "/register.mjs": `globalThis.report = (async () => { await navigator.serviceWorker.register("/service.mjs", { type: "module" }); const { active } = await navigator.serviceWorker.ready;
      return new Promise((done) => { navigator.serviceWorker.onmessage = ({ data }) => done(data); active.postMessage("probe"); }); })();`,
    "/service.mjs": `import { createLandmarker } from "/node_modules/fivepoint/dist/index.js"; import { probe } from "/probe.mjs"; addEventListener("message", ({ source }) => probe(createLandmarker).then((report) => source.postMessage(report)));`,
    "/slim.html": `<script type="module" src="/slim.mjs"></script>`,
    "/slim.mjs": `import { createLandmarker, chooseTier } from "/node_modules/fivepoint/dist/slim.js"; import { probe } from "/probe.mjs";
      const files = "/node_modules/fivepoint/dist/"; const name = (tier) => files + (tier === "relaxed" ? "model-relaxed.wasm" : "model.wasm");
      globalThis.report = probe(({ simd } = {}) => createLandmarker({ module: fetch(name(chooseTier(simd))), weights: new URL(files + "weights.safetensors", location.href) })).catch((error) => ({ error: String(error) }));`,
  };

  beforeAll(async () => {
    browser = await launchChromium();
    server = createServer(({ url }, response) => {
      const { pathname, searchParams } = new URL(url!, "http://localhost");
      const file = join(HERE, pathname);
      const body = pages[pathname] ?? (existsSync(file) ? readFileSync(file) : undefined);
      response.writeHead(body === undefined ? 404 : 200, {
        "content-type": TYPES[extname(pathname)] ?? "application/octet-stream",
        "content-security-policy": searchParams.has("strict") ? CSP : `${CSP} 'wasm-unsafe-eval'`,
      });
      response.end(body);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const open = async (path: string) => {
    const page = await browser.newPage();
    try {
      await page.goto(origin + path);
      await page.waitForFunction("globalThis.report");
      return (await page.evaluate("globalThis.report")) as Report & { error?: string };
    } finally {
      await page.close();
    }
  };

  it("main thread, without a bundler, under a content security policy", async () => {
    keep(`Chromium ${browser.version().split(".")[0]}`, await open("/main.html"), ["relaxed"]);
  });
  it("module worker", async () => check(await open("/worker.html"), want, ["relaxed"]));
  it("service worker", async () => check(await open("/service.html"), want, ["relaxed"]));
  it("slim, its files from the server", async () => check(await open("/slim.html"), want, ["relaxed"]));
  it("needs 'wasm-unsafe-eval' in a policy that names script-src", async () => {
    expect((await open("/main.html?strict")).error).toMatch(
      /CompileError.*unsafe-eval|Content Security Policy/,
    );
  });
});

describe("the package's shape", () => {
  it("publint finds nothing", async () => {
    const { publint } = installed("publint");
    const { messages } = await publint({ pkgDir: join(HERE, "node_modules/fivepoint"), strict: true });
    expect(messages).toEqual([]);
  });
  it("its types resolve everywhere (attw)", async () => {
    const tarball = join(OUT, readdirSync(OUT).find((name) => name.endsWith(".tgz"))!);
    const assets = ["model.wasm", "model-relaxed.wasm", "weights.safetensors"];
    await run(bin("attw"), [tarball, "--profile", "esm-only", "--exclude-entrypoints", ...assets]);
  });
});
