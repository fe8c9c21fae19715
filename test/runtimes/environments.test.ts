/** The packed package where globals aren't what they are elsewhere: test runners' DOMs, frozen intrinsics, no WebAssembly. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { HERE, installPacked, run } from "./support.ts";

beforeAll(installPacked, 600_000);

const APPS = "apps/environments";
const node = (...args: string[]) => run(process.execPath, args);
const program = (name: string, file: string) => join(HERE, "node_modules", name, file);
// The reports of runners inside a runner are plain.
const env = { NO_COLOR: "1", CI: "1" };

describe("test runners with a DOM", () => {
  it.each([
    ["jsdom", "forks"],
    ["happy-dom", "vmThreads"],
  ])("vitest with %s, in %s", async (environment, pool) => {
    const options = ["--root", APPS, "--globals", "--environment", environment, "--pool", pool];
    const report = await run(process.execPath, [program("vitest", "vitest.mjs"), "run", ...options], { env });
    expect(report).toMatch(/Tests +6 passed/);
  });

  it("Jest with jsdom", async () => {
    const options = [
      "--rootDir",
      APPS,
      "--testEnvironment",
      "jsdom",
      "--testMatch",
      "**/*.test.mjs",
      "--json",
    ];
    const jest = [program("jest", "bin/jest.js"), ...options, "--transform", "{}"];
    const report = await run(process.execPath, ["--experimental-vm-modules", ...jest], { env });
    expect(JSON.parse(report)).toMatchObject({ numPassedTests: 6, numFailedTests: 0 });
  });
});

describe("intrinsics that are frozen", () => {
  it("by node --frozen-intrinsics", async () => {
    expect(await node("--frozen-intrinsics", `${APPS}/run.mjs`)).toBe("10 64 0 64\n");
  });
  it("by SES, before the package is imported", async () => {
    expect(await node(`${APPS}/ses.mjs`)).toBe("10 64 0 64\n");
  });
});

it("Vue's state holds landmarkers and pools that go on working", async () => {
  expect(await node(`${APPS}/vue.mjs`)).toBe("true f32 1 0\n");
});

it("without WebAssembly every way to a landmarker says so", async () => {
  const said = (await node("--jitless", `${APPS}/bare.mjs`)).trim().split("\n");
  expect(said).toHaveLength(5);
  for (const error of said)
    expect(error).toMatch(/^RangeError: There is no WebAssembly here: node --jitless/);
});
