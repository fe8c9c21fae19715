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

/** Runs `fivepoint` with arguments; standard input is `stdin` or else closed, no stream is a terminal. */
export function fivepoint(
  args: readonly string[],
  { main = MAIN, cwd, stdin }: { main?: string; cwd?: string; stdin?: Uint8Array } = {},
): Promise<Result> {
  return command(process.execPath, [main, ...args], cwd, stdin);
}

export function command(
  file: string,
  args: readonly string[],
  cwd?: string,
  stdin?: Uint8Array,
): Promise<Result> {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { cwd, stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe"] });
    child.stdin?.on("error", () => {}).end(stdin); // a program that reads none of it closes the pipe
    const result: Result = { status: null, stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]!.setEncoding("utf8").on("data", (text) => {
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
