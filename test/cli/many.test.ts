/** A thousand faces: a bar, flat memory, no face lost, one broken file among them. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import { createInterface } from "node:readline";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { command, fivepoint, jsonLines, MAIN, temporaryFolder } from "./support.ts";

const COUNT = 1000;
const folder = temporaryFolder();
const faces = join(folder, "faces");
const boxes = join(folder, "boxes.csv");
const names = Array.from({ length: COUNT }, (_, i) => `${String(i).padStart(4, "0")}.jpg`);
const paths = names.map((name) => join(faces, name));
const detect = ["detect", faces, "--boxes", boxes, "--json"];

beforeAll(async () => {
  mkdirSync(faces);
  // Each image is a crop at a place of its own, so that each has an answer of its own.
  for (const [i, path] of paths.entries()) {
    const place = { left: 110 + (i % 40), top: 35 + (Math.floor(i / 40) % 25) };
    await sharp("examples/astronaut.jpg")
      .extract({ ...place, width: 150, height: 150 })
      .resize(320)
      .jpeg()
      .toFile(path);
  }
  const rows = names.map((name) => `faces/${name},40,48,224,232\n`);
  writeFileSync(boxes, `file,x,y,width,height\n${rows.join("")}`);
});

describe("a thousand faces", () => {
  it("loses none, keeps their order, and gives each its own answer", async () => {
    const result = await fivepoint(detect);
    expect(result).toMatchObject({ status: 0, stderr: "" }); // no bar: standard error isn't a terminal
    const lines = jsonLines(result);
    expect(lines.map(({ image }) => image)).toEqual(paths);
    expect(new Set(lines.map(({ points }) => String(points))).size).toBe(COUNT);
    const alone = await fivepoint(["detect", paths[777]!, "--box", "40,48,224,232", "--json"]);
    expect(lines[777]).toEqual(jsonLines(alone)[0]);
  });

  it("finds the faces in several processes as in one", async () => {
    const some = paths.slice(0, 96); // enough for two processes
    const result = await fivepoint(["detect", ...some, "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const lines = jsonLines(result);
    expect([...new Set(lines.map(({ image }) => image))]).toEqual(some);
    expect(lines.filter(({ points }) => points).length).toBeGreaterThan(90);
    const few = some.slice(40, 60);
    const alone = jsonLines(await fivepoint(["detect", ...few, "--json"]));
    expect(alone).toEqual(lines.filter(({ image }) => few.includes(image)));
  });

  it("reports a broken file among them and does the others", async () => {
    const whole = readFileSync(paths[500]!);
    writeFileSync(paths[500]!, whole.subarray(0, 300));
    const result = await fivepoint(detect);
    writeFileSync(paths[500]!, whole);
    expect(result.status).toBe(1);
    const lines = jsonLines(result);
    expect(lines).toHaveLength(COUNT);
    expect(lines.flatMap((line, i) => (line.error ? [i] : []))).toEqual([500]);
    expect(Object.keys(lines[500])).toEqual(["image", "error"]);
  });

  const linux = process.platform === "linux";
  const children = (pid: number) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const resident = (pid: number) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

  it.skipIf(!linux)("keeps its memory flat (needs /proc)", async () => {
    const rounds = 3;
    const args = ["detect", ...Array(rounds).fill(faces), "--boxes", boxes, "--json"];
    // V8 collects its old generation when it sees fit; held small (in all processes), it can't hide or feign a leak.
    const child = spawn(process.execPath, ["--max-old-space-size=24", MAIN, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const sizes: number[] = [];
    let count = 0;
    for await (const _ of createInterface({ input: child.stdout })) {
      if (++count % 100 > 0 || count > (rounds - 0.5) * COUNT) continue;
      sizes.push([child.pid!, ...children(child.pid!)].reduce((sum, pid) => sum + resident(pid), 0));
    }
    expect(count).toBe(rounds * COUNT);
    // 1,500 images of 307 KB, decoded, lie between the two: 460 MB if they stayed. Heaps that settle take a few dozen.
    const early = Math.max(...sizes.slice(5, 10));
    const late = Math.max(...sizes.slice(-5));
    expect(late - early).toBeLessThan(115_000); // kB, a quarter of that
  });

  it.skipIf(!linux)("loses only the image at which a process crashes (needs /proc)", async () => {
    const child = spawn(process.execPath, [MAIN, ...detect], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((done) => child.on("close", done));
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (lines.push(line) % 250 > 0 || lines.length === COUNT) continue;
      const [process] = children(child.pid!); // none on one core: nothing is shared out
      if (process) kill(process, "SIGKILL");
    }
    expect(lines.map((line) => JSON.parse(line).image)).toEqual(paths);
    const errors = lines.map((line) => JSON.parse(line).error).filter(Boolean);
    expect(errors.length).toBeLessThanOrEqual(3); // a process between two images takes none along
    for (const error of errors) expect(error).toBe("its process ended: SIGKILL");
    expect(await ended).toBe(errors.length > 0 ? 1 : 0);
  });

  it("ends quietly when its reader goes away", async () => {
    const child = spawn(process.execPath, [MAIN, ...detect], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const status = await new Promise((done) => child.on("close", done));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  // util-linux's script runs a command on a terminal of its own.
  const script = spawnSync("script", ["--version"]).stdout?.toString().includes("util-linux");
  it.skipIf(!script)("shows a bar on a terminal (needs util-linux's script)", async () => {
    const quote = (text: string) => `'${text}'`;
    const line = [process.execPath, MAIN, ...detect].map(quote).join(" ");
    const terminal = (line: string) => command("script", ["-qec", line, join(folder, "typescript")]);

    const results = join(folder, "lines.jsonl");
    const { status, stdout } = await terminal(`${line} > ${quote(results)}`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/█.* \d+\/1000 images/);
    expect(stdout).toContain("1000/1000 images");
    expect(readFileSync(results, "utf8").split("\n")).toHaveLength(COUNT + 1);

    // With the results on the same terminal each has a line of its own.
    const both = await terminal(line);
    const seen = both.stdout.split(/[\r\n]+/).map((text) => text.slice(text.indexOf("{")));
    const lines = seen.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text));
    expect(lines.map(({ image }) => image)).toEqual(paths);
  });
});
