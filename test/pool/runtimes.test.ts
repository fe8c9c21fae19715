/** The pool of the packed package in the real runtimes, and through bundlers. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Box, createLandmarkerSync, type Face, type ImageLike } from "fivepoint";
import { createFinderSync, type FindOptions, type FoundBox, findFaces } from "fivepoint/finder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, browserNames, hasBrowser, RealBrowser } from "../runtimes/browsers.ts";
import { bin, HERE, installPacked, OUT, run } from "../runtimes/support.ts";

beforeAll(installPacked, 600_000);

/** What apps/pool/probe.mjs reports, with plain arrays; or why there is no pool. */
type Plain = Omit<Face, "normalized"> & { readonly normalized: number[] };
type Report =
  | {
      faces: Plain[];
      refined: Plain;
      missing: string;
      many: unknown[];
      chip: number[];
      boxesFound: FoundBox[];
      facesFound: Plain[];
      unfound: string;
    }
  | { error: string };

/** The baseline tier is the same to the last bit everywhere; scores go through each engine's own Math. */
async function check(report: Report): Promise<void> {
  if ("error" in report) return expect.fail(report.error);
  const { image, boxes, everything } = (await import(join(HERE, "apps/pool/probe.mjs"))) as {
    image: ImageLike;
    boxes: Box[];
    everything: FindOptions;
  };
  const landmarker = createLandmarkerSync({ simd: "baseline" });
  const plain = ({ normalized, score, ...face }: Face): Plain => ({
    ...face,
    normalized: [...normalized],
    score: expect.closeTo(score, 9) as number,
  });
  expect(report.faces).toEqual(landmarker.detectAll(image, boxes).map(plain));
  expect(report.refined).toEqual(plain(landmarker.detect(image, boxes[0], { refine: 2 })));
  expect(report.missing).toMatch(/^RangeError: Expected a box that covers a pixel.*x 1000000/);
  const missingInList = report.missing.replace("for box,", "for boxes[0],");
  expect(report.many).toEqual([40, report.faces, 1, missingInList, null, report.facesFound]);
  expect(report.chip).toEqual([...landmarker.align(image, report.refined).data]);
  const finder = createFinderSync({ simd: "baseline" });
  expect(report.boxesFound.length).toBeGreaterThan(10);
  expect(report.boxesFound).toEqual(finder.find(image, everything));
  expect(report.facesFound).toHaveLength(1);
  expect(report.facesFound).toEqual(findFaces(image, { finder, landmarker }).map(plain));
  expect(report.unfound).toMatch(/^Error: This Pool has no finder: pass one to createPool/);
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
      const report = await parsed(process.execPath, ["-C", condition, "apps/pool/none.mjs"]);
      expect(report).toEqual({
        error: "Error: There are no workers here: use createLandmarker from fivepoint.",
      });
      const file = join(OUT, `pool-${condition}.mjs`);
      const options = ["--bundle", "--format=esm", `--conditions=${condition}`, `--outfile=${file}`];
      await run(bin("esbuild"), [join(HERE, "apps/pool/none.mjs"), ...options]);
      expect(readFileSync(file).length).toBeLessThan(2_000);
    },
  );
});

/** A policy without the sources of workers; the page has its map of imports inside. */
const POLICY =
  "default-src 'none'; connect-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; worker-src";

const TRUSTED = "require-trusted-types-for 'script'; trusted-types";

/** The pages page.html and crash.html run the app of that name; the rest are files, of bundles below `/pool-…`. */
function answer({ pathname, searchParams }: URL): Answer {
  const name = /^\/(page|crash)\.html$/.exec(pathname)?.[1];
  const file = join(pathname.startsWith("/pool-") ? OUT : HERE, pathname);
  const workers = searchParams.get("workers");
  return {
    body: name
      ? `<script type="importmap">{ "imports": {
           "fivepoint/pool": "/node_modules/fivepoint/dist/pool/web.js",
           "fivepoint/finder": "/node_modules/fivepoint/dist/finder.js"
         } }</script>
         <script type="module" src="/apps/pool/${name}.mjs"></script>`
      : existsSync(file)
        ? readFileSync(file)
        : undefined,
    ...(workers && { headers: { "content-security-policy": `${POLICY} ${workers}` } }),
  };
}

for (const name of browserNames) {
  describe.skipIf(!hasBrowser(name))(`the pool in ${name} (needs it installed)`, () => {
    let browser: RealBrowser;
    beforeAll(async () => {
      browser = await RealBrowser.start(name, answer);
    });
    afterAll(() => browser?.close());

    it("without a bundler", async () => check(await browser.open("page.html")));
    it("under a policy that allows worker-src blob:", async () =>
      check(await browser.open("page.html?workers=blob:")));
    it("under a policy that requires trusted types and allows the pool's", async () =>
      check(await browser.open(`page.html?workers=blob:; ${TRUSTED} fivepoint`)));
    it.skipIf(name !== "Chromium")(
      "says that the policy must allow its trusted types where it doesn't",
      async () => {
        expect(await browser.open(`page.html?workers=blob:; ${TRUSTED} other`)).toEqual({
          error: expect.stringMatching(/trusted-types fivepoint/),
        });
      },
    );
    it("says what the policy must allow where it doesn't", async () => {
      expect(await browser.open("page.html?workers='self'")).toEqual({
        error: expect.stringMatching(/worker-src blob:/),
      });
    });
    it("rejects what a worker was at when it failed, and goes on with another", async () => {
      expect(await browser.open("crash.html")).toEqual({
        lost: expect.stringMatching(/^A worker of the pool ended: .*image\.data.*received 7/),
        length: 10,
        pending: expect.stringMatching(/disposed/),
        workers: 2,
      });
    });
  });
}

describe.skipIf(!hasBrowser("Chromium"))("the pool in Chromium (needs it installed), bundled by", () => {
  let browser: RealBrowser;
  beforeAll(async () => {
    browser = await RealBrowser.start("Chromium", answer);
  });
  afterAll(() => browser?.close());

  const folder = join(HERE, "apps/pool");
  const page = join(folder, "page.mjs");
  /** Bundles into a folder that gets a page for its main.js. */
  const bundlers: Record<string, (out: string) => Promise<string>> = {
    esbuild: (out) => run(bin("esbuild"), [page, "--bundle", "--format=esm", `--outfile=${out}/main.js`]),
    Rollup: (out) => run(bin("rollup"), [page, "--plugin", "node-resolve", "--file", `${out}/main.js`]),
    webpack: (out) =>
      run(bin("webpack"), [
        ...["--mode", "production", "--entry", page],
        ...["-o", out, "--output-filename", "main.js"],
      ]),
    Vite: (out) =>
      run(bin("vite"), ["build", "--outDir", out, "--emptyOutDir", "--base", "./"], { cwd: folder }),
  };

  it.each(Object.keys(bundlers))(
    "%s, without configuration",
    async (name) => {
      const out = join(OUT, `pool-${name}`);
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out, { recursive: true });
      await bundlers[name]!(out);
      if (!existsSync(join(out, "index.html")))
        writeFileSync(join(out, "index.html"), `<script type="module" src="./main.js"></script>`);
      await check(await browser.open(`pool-${name}/index.html`));
    },
    180_000,
  );
});
