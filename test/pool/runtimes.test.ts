/** The pool of the packed package in the real runtimes, and through bundlers. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { type Box, createLandmarkerSync, type Face, type ImageLike } from "fivepoint";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bin, HERE, installPacked, OUT, run } from "../runtimes/support.ts";
import { hasChromium, launchChromium } from "../support/chromium.ts";

beforeAll(installPacked, 600_000);

/** What apps/pool/probe.mjs reports, with plain arrays; or why there is no pool. */
type Plain = Omit<Face, "normalized"> & { readonly normalized: number[] };
type Report = { faces: Plain[]; verified: Plain; error: string } | { message: string };

/** The baseline tier is the same to the last bit everywhere; scores go through each engine's own Math. */
async function check(report: Report): Promise<void> {
  if ("message" in report) return expect.fail(report.message);
  const { image, boxes } = (await import(join(HERE, "apps/pool/probe.mjs"))) as {
    image: ImageLike;
    boxes: Box[];
  };
  const landmarker = createLandmarkerSync({ simd: "baseline" });
  const plain = ({ normalized, score, ...face }: Face): Plain => ({
    ...face,
    normalized: [...normalized],
    score: expect.closeTo(score, 9) as number,
  });
  expect(report.faces).toEqual(landmarker.detectAll(image, boxes).map(plain));
  expect(report.verified).toEqual(plain(landmarker.detect(image, boxes[0], { verify: true })));
  expect(report.error).toMatch(/^RangeError: Expected a box that covers a pixel.*x 1000000/);
}

const parsed = async (program: string, args: string[]) => JSON.parse(await run(program, args)) as Report;

describe("the pool in", () => {
  it("Node", async () => check(await parsed(process.execPath, ["apps/pool/print.mjs"])));

  it("Deno", async () => {
    const folder = join(HERE, "node_modules", "@deno");
    const deno = join(folder, readdirSync(folder)[0]!, "deno");
    const options = ["--node-modules-dir=manual", "--no-lock", "--no-prompt", "--allow-read"];
    await check(await parsed(deno, ["run", ...options, "apps/pool/print.mjs"]));
  });

  it("Bun", async () => {
    const folder = join(HERE, "node_modules", "@oven");
    const bun = join(folder, readdirSync(folder)[0]!, "bin", "bun");
    await check(await parsed(bun, ["run", "apps/pool/print.mjs"]));
  });

  it.each(["workerd", "edge-light"])(
    "%s says that there are no workers, without carrying the network",
    async (condition) => {
      const report = await parsed(process.execPath, ["-C", condition, "apps/pool/print.mjs"]);
      expect(report).toEqual({ message: "There are no workers here: use createLandmarker from fivepoint." });
      const file = join(OUT, `pool-${condition}.mjs`);
      const options = ["--bundle", "--format=esm", `--conditions=${condition}`, `--outfile=${file}`];
      await run(bin("esbuild"), [join(HERE, "apps/pool/page.mjs"), ...options]);
      expect(readFileSync(file).length).toBeLessThan(20_000); // most of it the probe's face
    },
  );
});

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".mjs": "text/javascript",
  ".js": "text/javascript",
};

describe.skipIf(!hasChromium)("the pool in Chromium (needs it installed)", () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  const policy = "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const page = join(HERE, "apps/pool/page.mjs");

  beforeAll(async () => {
    browser = await launchChromium();
    server = createServer(({ url }, response) => {
      const { pathname, searchParams } = new URL(url!, "http://localhost");
      const html = `<script type="importmap">{ "imports": { "fivepoint/pool": "/node_modules/fivepoint/dist/pool/web.js" } }</script><script type="module" src="/apps/pool/${searchParams.get("app") ?? "page"}.mjs"></script>`;
      const file = join(pathname.startsWith("/pool-") ? OUT : HERE, pathname);
      const body = pathname === "/page.html" ? html : existsSync(file) ? readFileSync(file) : undefined;
      const csp = searchParams.get("policy");
      response.writeHead(body === undefined ? 404 : 200, {
        "content-type": TYPES[extname(pathname)] ?? "application/octet-stream",
        ...(csp && { "content-security-policy": csp }),
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
    const tab = await browser.newPage();
    try {
      await tab.goto(origin + path);
      await tab.waitForFunction("globalThis.report");
      return (await tab.evaluate("globalThis.report")) as Report;
    } finally {
      await tab.close();
    }
  };
  const strict = (sources: string) =>
    `/page.html?policy=${encodeURIComponent(`${policy} 'unsafe-inline'; worker-src ${sources}`)}`;

  it("without a bundler", async () => check(await open("/page.html")));
  it("under a policy that allows worker-src blob:", async () => check(await open(strict("blob:"))));
  it("says what the policy must allow where it doesn't", async () => {
    expect(await open(strict("'self'"))).toEqual({
      message: expect.stringMatching(/^A worker of the pool ended: .*worker-src blob:/),
    });
  });

  it("rejects what a worker was at when it failed, and goes on with another", async () => {
    expect(await open("/page.html?app=crash")).toEqual({
      lost: expect.stringMatching(/^A worker of the pool ended: .*image\.data.*received 7/),
      length: 10,
      pending: expect.stringMatching(/disposed/),
      workers: 2,
    });
  });

  /** Bundles the page into a folder that gets an index.html for its main.js. */
  const bundlers: Record<string, (out: string) => Promise<string>> = {
    esbuild: (out) => run(bin("esbuild"), [page, "--bundle", "--format=esm", `--outfile=${out}/main.js`]),
    Rollup: (out) => run(bin("rollup"), [page, "--plugin", "node-resolve", "--file", `${out}/main.js`]),
    webpack: (out) =>
      run(bin("webpack"), [
        ...["--mode", "production", "--entry", page],
        ...["-o", out, "--output-filename", "main.js"],
      ]),
    Vite: (out) =>
      run(bin("vite"), ["build", "--outDir", out, "--emptyOutDir", "--base", "./"], {
        cwd: join(HERE, "apps/pool"),
      }),
  };

  it.each(Object.keys(bundlers))(
    "bundled by %s, without configuration",
    async (name) => {
      const out = join(OUT, `pool-${name}`);
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out, { recursive: true });
      await bundlers[name]!(out);
      if (!existsSync(join(out, "index.html")))
        writeFileSync(join(out, "index.html"), `<script type="module" src="./main.js"></script>`);
      await check(await open(`/pool-${name}/index.html`));
    },
    180_000,
  );
});
