import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { FoundBox } from "../../dist/finder.js";
import { installDependencies, packTo, unpack } from "../support/packed.ts";

export const HERE = resolve("test/runtimes");
export const OUT = resolve("build/runtimes");

/** What probe.mjs reports. */
export interface Report {
  tier: string;
  baseline: string;
  difference: number;
  first: number;
  coldMs: number;
  faceMs: number;
  /** Of the finder, where the entry has one. */
  boxes: readonly FoundBox[] | null;
}

/**
 * Installs the runtimes and bundlers of package.json, when that has changed, and the packed package beside them: once a
 * run of the tests, whose files run side by side.
 */
export async function installPacked(): Promise<void> {
  const claim = join(OUT, `run-${process.ppid}`);
  const done = join(claim, "done");
  mkdirSync(OUT, { recursive: true });
  try {
    mkdirSync(claim);
  } catch {
    while (!existsSync(done)) await new Promise((wake) => setTimeout(wake, 200));
    return;
  }
  installDependencies(HERE, ["package-lock.json"], ["ci"]);
  unpack(packTo(OUT), HERE);
  writeFileSync(done, "");
}

const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);

/** The program of an installed package. */
export const bin = (name: string) => join(HERE, "node_modules", ".bin", name);

/** Runs a program in this folder, a script of npm's by the Node that runs this, and gives what it printed. */
export async function run(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { cwd = HERE, env } = options;
  const { stdout } = await promisify(execFile)(program, args, {
    cwd,
    env: { ...process.env, PATH, NEXT_TELEMETRY_DISABLED: "1", ...env },
    maxBuffer: 1 << 26,
  });
  return stdout;
}

/** The baseline tier is the same to the last bit everywhere; the other one within the rounding of a fused multiply-add. */
export function check(report: Report, want: Report, tiers: string[] = ["baseline", "relaxed"]): void {
  expect(report).not.toHaveProperty("error");
  expect(report.baseline).toBe(want.baseline);
  expect(tiers).toContain(report.tier);
  expect(report.difference).toBeLessThan(5e-6);
  expect(report.first).toBe(0);
  expect(report.boxes).toEqual(want.boxes);
}
