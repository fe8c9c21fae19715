/** What ships: the sizes that package.json promises ("budgets", in bytes), and what must not be in it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { globSync } from "tinyglobby";
import { describe, expect, it } from "vitest";

const { budgets } = JSON.parse(readFileSync("package.json", "utf8")) as {
  budgets: Record<
    | "wasm"
    | "entryGzipped"
    | "slimGzipped"
    | "finderGzipped"
    | "trackerGzipped"
    | "poolGzipped"
    | "worker"
    | "unpacked",
    number
  >;
};

describe("sizes", () => {
  it("keeps both wasm modules together within their budget", () => {
    const bytes = ["dist/model.wasm", "dist/model-relaxed.wasm"].map((file) => readFileSync(file).length);
    expect(bytes[0]! + bytes[1]!).toBeLessThanOrEqual(budgets.wasm);
  });

  /** An entry with all that it imports, as a bundler gives it for production. */
  async function bundle(entry: string): Promise<Uint8Array> {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
      external: ["./model*.wasm?module"],
      logLevel: "error",
    });
    return outputFiles[0]!.contents;
  }

  it("keeps what a browser downloads, compressed, within its budget", async () => {
    const bytes = gzipSync(await bundle("dist/index.js"), { level: 9 }).length;
    expect(bytes).toBeGreaterThan(300_000); // the weights are in it
    expect(bytes).toBeLessThanOrEqual(budgets.entryGzipped);
  });

  it("keeps the slim entry, compressed, within its budget", async () => {
    expect(gzipSync(await bundle("dist/slim.js"), { level: 9 }).length).toBeLessThanOrEqual(
      budgets.slimGzipped,
    );
  });

  it("keeps the finder's entry, compressed, within its budget", async () => {
    const bytes = gzipSync(await bundle("dist/finder.js"), { level: 9 }).length;
    expect(bytes).toBeGreaterThan(100_000); // its weights are in it
    expect(bytes).toBeLessThanOrEqual(budgets.finderGzipped);
  });

  it("keeps the tracker's entry without weights, compressed, within its budget", async () => {
    const bytes = gzipSync(await bundle("dist/tracker.js"), { level: 9 }).length;
    expect(bytes).toBeLessThanOrEqual(budgets.trackerGzipped);
  });

  it("keeps the pool's entry, without the finder's module and weights, compressed, within its budget", async () => {
    const pool = await bundle("dist/pool/web.js");
    expect(gzipSync(pool, { level: 9 }).length).toBeLessThanOrEqual(budgets.poolGzipped);
    const inFinder = readFileSync("dist/finder.safetensors").subarray(150_000, 150_300).toString("base64");
    expect(readFileSync("dist/shared/finder-weights.js", "utf8")).toContain(inFinder);
    expect(new TextDecoder().decode(pool)).not.toContain(inFinder);
  });

  it("keeps the finder and drawings out of the main entry", async () => {
    const entry = new TextDecoder().decode(await bundle("dist/index.js"));
    expect(entry).not.toContain("Finder");
    expect(entry).not.toContain("stroke-linejoin");
    expect(new TextDecoder().decode(await bundle("dist/draw.js"))).toContain("stroke-linejoin");
  });

  it("keeps what a Worker carries within its budget", async () => {
    const modules = ["dist/model.wasm", "dist/model-relaxed.wasm"].map((file) => readFileSync(file).length);
    const script = (await bundle("dist/edge.js")).length;
    expect(script + modules[0]! + modules[1]!).toBeLessThanOrEqual(budgets.worker);
  });

  it("keeps the unpacked package within its budget", { tags: "slow" }, () => {
    const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const report = JSON.parse(json);
    const [pack] = Array.isArray(report) ? report : Object.values<{ unpackedSize: number }>(report);
    expect(pack.unpackedSize).toBeLessThanOrEqual(budgets.unpacked);
  });
});

describe("dist", () => {
  it("holds nothing of AssemblyScript's loader, which is for tests and tools", () => {
    const loader = readFileSync("node_modules/@assemblyscript/loader/index.js", "utf8");
    // Its texts and the names of exports that it looks for: a minifier leaves these as they are.
    const texts = [...loader.matchAll(/"(Operation requires [^"]+)"|\b(__[a-z]+[A-Z]\w+)/g)];
    const marks = new Set(texts.map(([, text, name]) => text ?? name!));
    expect(marks).toContain("__setArgumentsLength");
    expect(marks.size).toBeGreaterThan(4);
    const scripts = globSync("dist/**/*.js");
    expect(scripts).toContain("dist/shared/core.js");
    for (const path of scripts) {
      const script = readFileSync(path, "utf8");
      expect(
        [...marks].filter((mark) => script.includes(mark)),
        path,
      ).toEqual([]);
    }
  });

  it("holds declarations of sources that are there, and of no others", () => {
    const declarations = globSync("dist/**/*.d.ts");
    expect(declarations).toContain("dist/core/types.d.ts");
    const source = (path: string) => path.replace("dist/", "src/").replace(".d.ts", ".ts");
    expect(declarations.filter((path) => !existsSync(source(path)))).toEqual([]);
  });
});
