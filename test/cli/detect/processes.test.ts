/** Every job is answered, whatever becomes of the processes that `detect` shares its images out to. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { command, jsonLines, MAIN, temporaryFolder } from "../support.ts";

/** Two processes' worth. */
const COUNT = 100;
const folder = temporaryFolder();
const images = join(folder, "images");
const names = Array.from({ length: COUNT }, (_, i) => join(images, `${String(i).padStart(3, "0")}.png`));

beforeAll(async () => {
  mkdirSync(images);
  await sharp("examples/astronaut.jpg").resize(48).png().toFile(names[0]!);
  for (const name of names.slice(1)) cpSync(names[0]!, name);
});

/**
 * Runs `detect` on the images with a fault put into it and into its processes.
 * @param program what the program does before it starts; `forks(n, fault)` puts a fault in the place of every fork from the nth
 * @param child what each process does before it starts
 */
async function detect(program: string, child = "") {
  const faults = join(folder, "faults.mjs");
  writeFileSync(
    faults,
    `import childProcess from "node:child_process";
     import { syncBuiltinESMExports } from "node:module";
     const fork = childProcess.fork;
     const forks = (first, fault) => {
       let count = 0;
       childProcess.fork = (path, options) => (++count < first ? fork(path, options) : fault(path, options));
       syncBuiltinESMExports();
     };
     const missing = (path, options) => fork(path, { ...options, execPath: "/nonexistent" });
     const throws = () => { throw new Error("no more processes"); };
     const onJob = (name, act) => process.on("message", ({ job }) => job?.path.endsWith(name) && act());
     if (process.send) { ${child} } else { ${program} }`,
  );
  const result = await command(process.execPath, [
    ...["--import", pathToFileURL(faults).href, MAIN],
    ...["detect", images, "--whole", "--json"],
  ]);
  const lines = result.stdout ? jsonLines(result) : [];
  return { ...result, lines, errors: lines.map(({ error }) => error).filter(Boolean) };
}

const crash = 'onJob("/020.png", () => process.kill(process.pid, "SIGKILL"));';

// On one core nothing is shared out.
describe.skipIf(availableParallelism() < 2)("processes", { timeout: 60_000 }, () => {
  it("answer every job", async () => {
    const { status, stderr, lines, errors } = await detect("");
    expect({ status, stderr, errors, images: lines.map(({ image }) => image) }).toEqual({
      ...{ status: 0, stderr: "", errors: [], images: names },
    });
  });

  it.each([
    ["can't be started", "forks(1, missing)", "", /^error: spawn \/nonexistent ENOENT\n$/],
    ["can't be started, but for one", "forks(2, missing)", "", /^error: spawn \/nonexistent ENOENT\n$/],
    ["throw when they are started", "forks(1, throws)", "", /^error: no more processes\n$/],
    ["end before they are ready", "", "process.exit(7)", /^error: its process ended: status 7\n$/],
    [
      "crash before they are ready",
      "",
      'process.kill(process.pid, "SIGKILL")',
      /^error: its process ended: SIGKILL\n$/,
    ],
    [
      "close their channel before they are ready",
      "",
      "process.disconnect()",
      /^error: its process ended: (status 0|SIGTERM)\n$/,
    ],
  ])("that %s end the run with an error", async (_, program, child, message) => {
    const { status, stdout, stderr } = await detect(program, child);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it.each([
    ["is started", "", /^its process ended: SIGKILL$/],
    ["can't be started", "forks(3, missing)", /^(its process ended: SIGKILL|spawn \/nonexistent ENOENT)$/],
    ["throws when it is started", "forks(3, throws)", /^(its process ended: SIGKILL|no more processes)$/],
  ])("crash at an image, whose successor %s", async (_, program, message) => {
    const { status, lines, errors } = await detect(program, crash);
    expect(status).toBe(1);
    expect(lines.map(({ image }) => image)).toEqual(names);
    expect(lines[20].error).toBe("its process ended: SIGKILL");
    for (const error of errors) expect(error).toMatch(message);
    if (!program) expect(errors).toHaveLength(1);
  });

  it.each([
    ["close their channel", "process.disconnect()"],
    ["exit", "process.exit(3)"],
  ])("%s at an image", async (_, act) => {
    const { status, lines, errors } = await detect("", `onJob("/020.png", () => ${act});`);
    expect(status).toBe(1);
    expect(lines.map(({ image }) => image)).toEqual(names);
    expect(errors).toEqual([expect.stringMatching(/^its process ended: (status [03]|SIGTERM)$/)]);
  });

  it("all crash, and their successors too", async () => {
    // None lives beyond its tenth job: each image is answered all the same.
    const { status, lines, errors } = await detect(
      "",
      'let jobs = 0; onJob(".png", () => ++jobs > 10 && process.exit(9));',
    );
    expect(status).toBe(1);
    expect(lines.map(({ image }) => image)).toEqual(names);
    expect(errors.length).toBeGreaterThan(4);
    for (const error of errors) expect(error).toBe("its process ended: status 9");
  });

  it("die while they are idle", async () => {
    // A process ends itself a while after its first answers: the run goes on in the other, or in a new one.
    const { lines } = await detect(
      "",
      'let jobs = 0; onJob(".png", () => ++jobs === 30 && setTimeout(() => process.exit(4), 1));',
    );
    expect(lines.map(({ image }) => image)).toEqual(names);
  });
});
