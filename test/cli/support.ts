/** Runs the built command line as a process of its own: what ships. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";

export const MAIN = resolve("dist/cli/main.js");

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `fivepoint` with arguments; standard input is closed, no stream is a terminal. */
export function fivepoint(
  args: readonly string[],
  options: { main?: string; cwd?: string } = {},
): Promise<Result> {
  return command(process.execPath, [options.main ?? MAIN, ...args], options.cwd);
}

export function command(file: string, args: readonly string[], cwd?: string): Promise<Result> {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const result: Result = { status: null, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text) => {
        result[name] += text;
      });
    }
    child.on("error", fail).on("close", (status) => done({ ...result, status }));
  });
}

/** The lines of `--json`. */
// biome-ignore lint/suspicious/noExplicitAny: each test knows what it expects
export function jsonLines({ stdout }: Result): any[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fivepoint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
