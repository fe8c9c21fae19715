/** What the guides in docs/guides show: JavaScript runs, TypeScript compiles, options exist, links lead somewhere. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { globSync } from "tinyglobby";
import { beforeAll, describe, expect, it } from "vitest";
import { command, fivepoint } from "./cli/support.ts";
import { blocks, fileLinks } from "./support/samples.ts";

const guides = globSync("docs/guides/*.md").map((path) => ({ path, text: readFileSync(path, "utf8") }));
/** Inside the package, so that samples find it by its name. */
const folder = "build/guides";

const samples = (language: string) =>
  guides.flatMap(({ path, text }) =>
    blocks(text, language).map(
      (sample, i) => [`${basename(path, ".md")}-${i + 1}.${language}`, sample] as const,
    ),
  );

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync("examples/astronaut.jpg", join(folder, "photo.jpg"));
  // The official weights are fetched; any file stands in for them.
  copyFileSync("weights/default.safetensors", join(folder, "official.safetensors"));
});

it.each(samples("js"))("%s runs", async (name, sample) => {
  const file = name.replace(/js$/, "mjs");
  writeFileSync(join(folder, file), sample);
  expect(await command(process.execPath, [file], folder)).toMatchObject({ status: 0, stderr: "" });
});

it("TypeScript compiles", async () => {
  for (const [name, sample] of samples("ts")) writeFileSync(join(folder, name), sample);
  writeFileSync(
    join(folder, "decode.d.ts"),
    'export function decode(file: Uint8Array): Promise<import("fivepoint").ImageLike>;\n',
  );
  const compilerOptions = {
    ...{ target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"] },
    ...{ types: [], strict: true, noEmit: true },
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { stdout, status } = await command(process.execPath, [
    "node_modules/typescript/bin/tsc",
    "-p",
    folder,
  ]);
  expect([stdout, status]).toEqual(["", 0]);
});

describe("commands", () => {
  const lines = guides.flatMap(({ text }) =>
    blocks(text, "sh").flatMap((block) => block.split("\n").filter(Boolean)),
  );
  it.each(lines.filter((line) => !line.startsWith("npm install")))("%s has these options", async (line) => {
    const [npx, name, ...args] = line.split(" ");
    expect([npx, name]).toEqual(["npx", "fivepoint"]);
    const words = args.slice(
      0,
      args.findIndex((arg) => arg.startsWith("-") || arg.includes(".")),
    );
    const { stdout } = await fivepoint([...words, "--help"]);
    for (const option of args.filter((arg) => arg.startsWith("--"))) expect(stdout).toContain(option);
  });
});

it.each(guides.map(({ path, text }) => [path, text] as const))(
  "%s links to files that are there",
  (path, text) => {
    expect(fileLinks(text).filter((target) => !existsSync(join(dirname(path), target)))).toEqual([]);
  },
);
