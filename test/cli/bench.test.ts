/** `fivepoint bench`: that it measures and says what; how fast it is is not the tests' business. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { timesChart } from "../../src/cli/bench.ts";
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
    expect(asked.stderr).toMatch(/^onnxruntime-web was left out: Cannot find module/);
    expect(asked.stdout).toMatch(/1 per call +fivepoint f32/);
    const alone = await fivepoint(["bench"], { main: MAIN, cwd: folder });
    expect(alone.status).toBe(0);
    expect(alone.stderr).toMatch(/onnxruntime-node was left out/);
  });

  it("refuses a runtime that it doesn't know", async () => {
    const result = await fivepoint(["bench", "--against", "tensorflow"]);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/onnxruntime-node or onnxruntime-web/);
  });
});

describe("the chart of times", () => {
  const COUNTS = [1, 4, 16, 64];
  const series = (name: string, p50: number[], p95: number[]) =>
    [name, COUNTS.map((count, i) => ({ count, p50: p50[i]!, p95: p95[i]! }))] as const;
  const svg = timesChart(
    new Map([
      series("one & only", [151, 141, 137, 136], [191, 164, 145, 144]),
      series("another", [847, 797, 800, 811], [1887, 1597, 1621, 1629]),
    ]),
  );
  expect(XMLValidator.validate(svg)).toBe(true);
  const { path, text } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(svg).svg;
  const numbers = (words: string) => words.match(/-?[\d.]+/g)!.map(Number);
  /** Where the labels of an axis stand: by their anchor, in whole numbers. */
  const ticks = (anchor: string, side: "x" | "y") =>
    text
      .filter(
        (each: Record<string, string>) => each["text-anchor"] === anchor && /^\d+$/.test(each["#text"]!),
      )
      .map((each: Record<string, string>) => [Math.log(Number(each["#text"])), Number(each[side])]);
  /** What stands at a pixel, by two labels of a logarithmic axis. */
  const read = ([one, other]: number[][], at: number) => {
    const [[value0, at0], [value1, at1]] = [one, other] as [[number, number], [number, number]];
    return Math.exp(value0 + ((at - at0) * (value1 - value0)) / (at1 - at0));
  };
  const marks = path
    .filter(({ transform }: { transform?: string }) => transform)
    .map(({ transform }: { transform: string }) => numbers(transform));

  it("has a mark for each median, equally far from number to number of faces", () => {
    expect(ticks("middle", "x").map(([value]: number[]) => Math.round(Math.exp(value!)))).toEqual(COUNTS);
    expect(marks).toHaveLength(2 * (COUNTS.length + 1)); // one in the legend
    for (const [own, medians] of [
      [marks.slice(0, 4), [151, 141, 137, 136]],
      [marks.slice(5, 9), [847, 797, 800, 811]],
    ]) {
      own.forEach(([x, y]: number[], i: number) => {
        expect(read(ticks("end", "y"), y!) / medians[i]!).toBeCloseTo(1, 2);
        if (i > 0) expect(x! - own[i - 1]![0]).toBeCloseTo(own[1]![0] - own[0]![0], 1);
      });
    }
  });

  it("has a whisker from each median to the 95th percentile", () => {
    const whiskers = path.filter(({ d }: { d: string }) => /V.*m-4 0h8$/.test(d));
    const ends = whiskers.map(({ d }: { d: string }) => read(ticks("end", "y"), numbers(d)[2]!));
    [191, 164, 145, 144, 1887, 1597, 1621, 1629].forEach((p95, i) => {
      expect(ends[i] / p95).toBeCloseTo(1, 2);
    });
    whiskers.forEach(({ d }: { d: string }, i: number) => {
      const [x, y] = marks[i < 4 ? i : i + 1];
      expect(numbers(d).slice(0, 2)).toEqual([x, y]);
    });
  });

  it("names its series and its axes", () => {
    const texts = text.map((each: Record<string, string>) => each["#text"]);
    for (const words of ["one & only", "another", "faces per call", "µs per face"])
      expect(texts).toContain(words);
  });
});
