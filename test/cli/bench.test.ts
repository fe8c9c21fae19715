/** `fivepoint bench`: that it measures and says what; how fast it is is not the tests' business. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fivepoint, jsonLines, MAIN, temporaryFolder } from "./support.ts";

describe("fivepoint bench", () => {
  const folder = temporaryFolder();

  it("times itself beside an installed runtime, as JSON and as a chart", async () => {
    const chart = join(folder, "chart.svg");
    const result = await fivepoint(["bench", "--json", "--against", "onnxruntime-node", "--chart", chart]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const rows = jsonLines(result);
    expect(rows.map(({ name, count }) => `${count} ${name.split(" ")[0]}`)).toEqual(
      [1, 4, 16, 64].flatMap((count) => [`${count} fivepoint`, `${count} onnxruntime-node`]),
    );
    for (const { p50, p95, samples } of rows) {
      expect(p50).toBeGreaterThan(0);
      expect(p95).toBeGreaterThanOrEqual(p50);
      expect(samples).toBeGreaterThan(20);
    }
    expect(readFileSync(chart, "utf8")).toMatch(/^<svg.*onnxruntime-node f32.*<\/svg>\n$/s);
  });

  it("names a runtime that isn't installed, and fails only when that was asked for", async () => {
    const asked = await fivepoint(["bench", "--against", "onnxruntime-web"], { main: MAIN, cwd: folder });
    expect(asked.status).toBe(1);
    expect(asked.stderr).toMatch(/^onnxruntime-web is left out: Cannot find module/);
    expect(asked.stdout).toMatch(/1 per call +fivepoint f32/);
    const alone = await fivepoint(["bench"], { main: MAIN, cwd: folder });
    expect(alone.status).toBe(0);
    expect(alone.stderr).toMatch(/onnxruntime-node is left out/);
  });

  it("refuses a runtime that it doesn't know", async () => {
    const result = await fivepoint(["bench", "--against", "tensorflow"]);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/onnxruntime-node or onnxruntime-web/);
  });
});
