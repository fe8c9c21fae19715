/** The sizes that package.json promises ("budgets", in bytes). */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const { budgets } = JSON.parse(readFileSync("package.json", "utf8")) as {
  budgets: Record<"wasm" | "entryGzipped" | "unpacked", number>;
};

describe("sizes", () => {
  it("keeps both wasm modules together within their budget", () => {
    const bytes = ["dist/model.wasm", "dist/model-relaxed.wasm"].map((file) => readFileSync(file).length);
    expect(bytes[0]! + bytes[1]!).toBeLessThanOrEqual(budgets.wasm);
  });

  it("keeps what a browser downloads, compressed, within its budget", async () => {
    const { outputFiles } = await build({
      entryPoints: ["dist/index.js"],
      bundle: true,
      format: "esm",
      write: false,
      logLevel: "error",
    });
    const bytes = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
    expect(bytes).toBeGreaterThan(300_000); // the weights are in it
    expect(bytes).toBeLessThanOrEqual(budgets.entryGzipped);
  });

  it("keeps the unpacked package within its budget", () => {
    const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const report = JSON.parse(json);
    const [pack] = Array.isArray(report) ? report : Object.values<{ unpackedSize: number }>(report);
    expect(pack.unpackedSize).toBeLessThanOrEqual(budgets.unpacked);
  });
});
