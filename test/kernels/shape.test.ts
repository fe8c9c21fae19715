/** A table that the kernels can't compute doesn't compile. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { expect, it } from "vitest";

/** What the compiler says of the landmarks network with one line of its table changed. */
async function compileWith(stage: string, from: string, to: string, target = "baseline"): Promise<string> {
  const table = await readFile("assembly/landmarks/shape.ts", "utf8");
  const at = table.indexOf(`class ${stage} `);
  const line = table.indexOf(from, at);
  expect(at, stage).toBeGreaterThan(-1);
  expect(line, from).toBeGreaterThan(-1);
  const changed = table.slice(0, line) + to + table.slice(line + from.length);
  const { stderr } = await asc.main(["assembly/landmarks/index.ts", "--target", target, "--noEmit"], {
    readFile: (name, folder) =>
      name.endsWith("landmarks/shape.ts") ? changed : readFile(join(folder, name), "utf8").catch(() => null),
  });
  return stderr.toString();
}

it.each([
  ["Conv1", " BLOCK: i32 = 16", " BLOCK: i32 = 64", "conv1's block is larger than the scratch"],
  ["Conv2", "I8_BLOCK: i32 = 12", "I8_BLOCK: i32 = 96", "conv2's block is larger than the scratch"],
  ["Conv4", " BLOCK: i32 = 16", " BLOCK: i32 = 15", "conv4 can't be computed by these tiles"],
  ["Conv2", " BLOCK: i32 = 8", " BLOCK: i32 = 2", "conv2 can't be computed by these tiles"],
  ["Conv3", "TILE: i32 = 6", "TILE: i32 = 5", "conv3 can't be computed by these tiles"],
  ["Conv5", "CHANNELS: i32 = 128", "CHANNELS: i32 = 120", "channels aren't a multiple of 16"],
  ["Conv3", "I8_BLOCK: i32 = 10", "I8_BLOCK: i32 = 9", "conv3 can't be computed by these tiles in int8"],
])("%s with%s →%s", { tags: "slow" }, async (stage, from, to, message) => {
  expect(await compileWith(stage, from, to)).toContain(message);
});

it.each(["baseline", "relaxed", "debug"])(
  "the table as it is compiles, target %s",
  { tags: "slow" },
  async (target) => {
    expect(await compileWith("Conv1", " BLOCK: i32 = 16", " BLOCK: i32 = 16", target)).toBe("");
  },
);
