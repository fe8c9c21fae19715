/** What README.md and the page of the command line show runs, and does what it says. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { command, fivepoint, jsonLines, MAIN } from "./cli/support.ts";
import { installDependencies, packTo, unpack } from "./support/packed.ts";
import { blocks, fileLinks } from "./support/samples.ts";

it("README's first sample runs as printed in a new folder, beside a photo", async () => {
  const folder = resolve("build/fresh");
  const tarball = packTo(folder);
  const { sharp } = JSON.parse(readFileSync("package.json", "utf8")).devDependencies;
  writeFileSync(join(folder, "package.json"), "{}");
  installDependencies(folder, ["package.json"], ["install", tarball, `sharp@${sharp}`]);
  unpack(tarball, folder);
  copyFileSync("examples/astronaut.jpg", join(folder, "photo.jpg"));
  writeFileSync(join(folder, "faces.mjs"), blocks(readFileSync("README.md", "utf8"), "js")[0]!);
  const { status, stdout, stderr } = await command(process.execPath, ["faces.mjs"], folder);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^0\.99\d* \{\n {2}leftEye: \{ x: 17\d\.\d+, y: \d+\.\d+ \},\n(.*\n){4}\}\n$/);
});

describe.each(["README.md", "docs/CLI.md"])("%s", (page) => {
  const text = readFileSync(page, "utf8");
  const samples = blocks(text, "js");
  it("has samples", () => expect(samples.length).toBeGreaterThan(0));

  it.each(samples.map((sample, i) => [i + 1, sample] as const))("sample %i runs", async (i, sample) => {
    mkdirSync("build", { recursive: true });
    const file = `build/${page.replaceAll(/\W/g, "-")}-${i}.mjs`; // inside the package, so that it finds it by name
    writeFileSync(file, sample.replace('"photo.jpg"', '"examples/astronaut.jpg"'));
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

  const commands = blocks(text, "sh").flatMap((block) => block.split("\n").filter(Boolean));
  it.each(commands)("%s", async (line) => {
    expect(line).toMatch(/^(cat \S+ \| )?npx fivepoint /);
    const run = line.replace("npx fivepoint", `'${process.execPath}' '${MAIN}'`);
    expect(await command("sh", ["-c", run])).toMatchObject({ status: 0, stderr: "" });
  });

  it("links to files that are there", () => {
    expect(fileLinks(text).filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });
});
