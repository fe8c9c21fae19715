/** The packed package through bundlers, as they come; the result in the runtime that it is for. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFinder } from "../../dist/finder.js";
import { createLandmarker } from "../../dist/index.js";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { bundledModules, startWorker } from "../support/miniflare.ts";
import { serveFolder } from "../support/serve.ts";
import { probe } from "./probe.mjs";
import { bin, check, HERE, installPacked, OUT, type Report, run } from "./support.ts";

let want: Report;
beforeAll(async () => {
  await installPacked();
  want = await probe(createLandmarker, createFinder);
}, 600_000);

describe.skipIf(!hasChromium)("in Chromium (needs it installed), bundled by", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  const page = join(HERE, "apps/page");
  const script = join(page, "main.mjs");
  /** Bundles into a folder that gets a page for its main.js. */
  const bundlers: Record<string, (out: string) => Promise<string>> = {
    "Vite, without configuration": (out) =>
      run(bin("vite"), ["build", "--outDir", out, "--emptyOutDir"], { cwd: page }),
    "webpack, without configuration": (out) =>
      run(bin("webpack"), [
        "--mode",
        "production",
        "--entry",
        script,
        "-o",
        out,
        "--output-filename",
        "main.js",
      ]),
    "esbuild, without configuration": (out) =>
      run(bin("esbuild"), [script, "--bundle", "--format=esm", `--outfile=${out}/main.js`]),
    "Rollup, with its plugin that finds packages": (out) =>
      run(bin("rollup"), [script, "--plugin", "node-resolve", "--file", `${out}/main.js`]),
    "Parcel, without configuration": (out) =>
      run(bin("parcel"), [
        "build",
        join(page, "landmarks.html"),
        "--dist-dir",
        out,
        "--no-cache",
        "--public-url",
        "./",
      ]),
  };

  it.each(Object.keys(bundlers))(
    "%s",
    async (name) => {
      const out = join(OUT, name.split(",")[0]!);
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out, { recursive: true });
      if (!/Vite|Parcel/.test(name))
        writeFileSync(join(out, "index.html"), `<script type="module" src="./main.js"></script>`);
      await bundlers[name]!(out);
      const server = await serveFolder(out);
      const tab = await browser.newPage();
      try {
        const isParcel = name.startsWith("Parcel");
        await tab.goto(`${server.url}/${isParcel ? "landmarks" : "index"}.html`);
        await tab.waitForFunction("globalThis.report");
        const expected = isParcel ? { ...want, boxes: null } : want;
        check((await tab.evaluate("globalThis.report")) as Report, expected, ["relaxed"]);
      } finally {
        await tab.close();
        await server.close();
      }
    },
    180_000,
  );
});

describe("tree shaking", () => {
  it.each(["esbuild", "rollup", "webpack"])(
    "%s leaves modules and weights out where only alignFace is imported",
    async (bundler) => {
      const file = join(OUT, `align-${bundler}.mjs`);
      const app = join(HERE, "apps/align.mjs");
      if (bundler === "esbuild")
        await run(bin("esbuild"), [app, "--bundle", "--format=esm", `--outfile=${file}`]);
      else if (bundler === "rollup")
        await run(bin("rollup"), [app, "--plugin", "node-resolve", "--file", file]);
      else {
        const names = ["-o", OUT, "--output-filename", `align-${bundler}.mjs`];
        await run(bin("webpack"), ["--mode", "production", "--target", "node", "--entry", app, ...names]);
      }
      expect(readFileSync(file).length).toBeLessThan(20_000);
      expect(await run(process.execPath, [file])).toBe("5 112 112 50176\n");
    },
  );
});

it("the entry has no top-level await: a classic script can be made of it", async () => {
  const file = join(OUT, "classic.js");
  await run(bin("esbuild"), [
    join(HERE, "apps/page/main.mjs"),
    "--bundle",
    "--format=iife",
    `--outfile=${file}`,
  ]);
  expect(readFileSync(file, "utf8")).toMatch(/^\(\(\) => /);
});

describe("in workerd, bundled by", () => {
  const vite = join(OUT, "cloudflare-vite");
  it.each([
    [
      "Nitro (Nuxt), with its switch for wasm",
      () => run(bin("nitropack"), ["build", "--dir", "apps/nitro"]),
      join(OUT, "nitro/output/server"),
    ],
    [
      "Cloudflare's Vite plugin, without configuration",
      () =>
        run(bin("vite"), ["build", "--outDir", vite, "--emptyOutDir"], {
          cwd: join(HERE, "apps/cloudflare-vite"),
        }),
      join(vite, "probe"),
    ],
  ])("%s", async (_, build, folder) => {
    rmSync(folder, { recursive: true, force: true });
    await build();
    const worker = startWorker(bundledModules(folder, "index.mjs"));
    try {
      const response = await worker.dispatchFetch("http://localhost/");
      check((await response.json()) as Report, want, ["relaxed"]);
    } finally {
      await worker.dispose();
    }
  });
});

const freePort = () =>
  new Promise<number>((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });

describe("Next.js, production build, without configuration", () => {
  const app = join(HERE, "apps/next");
  let server: ChildProcess | undefined;
  let origin: string;

  beforeAll(async () => {
    await run(bin("next"), ["build"], { cwd: app });
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    server = spawn(bin("next"), ["start", "-p", String(port), "-H", "127.0.0.1"], {
      cwd: app,
      stdio: "ignore",
    });
    for (let tries = 0; tries < 100; tries++) {
      if (
        await fetch(origin).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return;
      await new Promise((wake) => setTimeout(wake, 200));
    }
    throw new Error("next start doesn't answer");
  }, 300_000);
  afterAll(() => server?.kill());

  it.each(["node", "edge"])("route of the %s runtime", async (route) => {
    const response = await fetch(`${origin}/${route}`);
    check((await response.json()) as Report, want);
  });
});
