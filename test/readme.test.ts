/** What README.md and the page of the command line show runs, and does what it says. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { command, fivepoint, jsonLines, MAIN } from "./cli/support.ts";

describe.each(["README.md", "docs/CLI.md"])("%s", (page) => {
  const text = readFileSync(page, "utf8");
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1]!);

  const samples = blocks("js");
  it("has samples", () => expect(samples.length).toBeGreaterThan(0));

  it.each(samples.map((sample, i) => [i + 1, sample] as const))("sample %i runs", async (i, sample) => {
    mkdirSync("build", { recursive: true });
    const file = `build/${page.replaceAll(/\W/g, "-")}-${i}.mjs`; // inside the package, so that it finds it by name
    writeFileSync(file, sample);
    const result = await command(process.execPath, [file]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    if (sample.includes("isResult")) expect(result.stdout).toMatch(/^(true\n)+$/);
    if (!sample.includes("LANDMARK_NAMES")) return;
    const detected = await fivepoint([
      "detect",
      "examples/astronaut.jpg",
      "--boxes",
      "examples/astronaut.csv",
      "--json",
    ]);
    const numbers = [...result.stdout.matchAll(/\d+\.\d/g)].map(Number);
    expect(numbers).toEqual(
      jsonLines(detected)[0]
        .points.flat()
        .map((v: number) => Number(v.toFixed(1))),
    );
  });

  const commands = blocks("sh").flatMap((block) => block.split("\n").filter(Boolean));
  it.each(commands)("%s", async (line) => {
    expect(line).toMatch(/^(cat \S+ \| )?npx fivepoint /);
    const run = line.replace("npx fivepoint", `'${process.execPath}' '${MAIN}'`);
    expect(await command("sh", ["-c", run])).toMatchObject({ status: 0, stderr: "" });
  });

  it("links to files that are there", () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
    expect(targets.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });
});
