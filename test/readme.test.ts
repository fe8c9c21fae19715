/** What README.md shows runs, and does what it says. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { command, fivepoint, jsonLines } from "./cli/support.ts";

const text = readFileSync("README.md", "utf8");
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1]!);

describe("README.md", () => {
  const samples = blocks("js");
  it("has samples", () => expect(samples.length).toBeGreaterThan(0));

  it.each(samples.map((sample, i) => [i + 1, sample] as const))("sample %i runs", async (i, sample) => {
    mkdirSync("build", { recursive: true });
    writeFileSync(`build/readme-${i}.mjs`, sample); // inside the package, so that it finds it by name
    const result = await command(process.execPath, [`build/readme-${i}.mjs`]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
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
    const [npx, name, ...args] = line.split(" ");
    expect([npx, name]).toEqual(["npx", "fivepoint"]);
    expect(await fivepoint(args)).toMatchObject({ status: 0, stderr: "" });
  });

  it("links to files that are there", () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });
});
