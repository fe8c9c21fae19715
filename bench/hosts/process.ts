/** Processes that answer lines of JSON with lines of JSON, and a contender in one: Node of any version, Python. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Opened } from "../session.ts";
import type { Host } from "./host.ts";

/** Starts a process that says a line first. */
export async function startProcess<Opened>(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
) {
  const child = spawn(command, args, { env: { ...process.env, ...variables } });
  let errors = "";
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-4000);
  });
  const exited = new Promise<void>((done) => {
    child.on("close", () => done());
    child.on("error", (error) => {
      errors += error.message;
      done();
    });
  });
  child.stdin.on("error", () => {}); // a child that is gone is reported by `reply`
  // Native runtimes print to standard output what they like; an answer is a line of JSON.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const reply = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) break;
      if (/^[[{]/.test(value)) return JSON.parse(value);
    }
    await exited;
    const line = errors.split("\n").find((text) => /^\W*\w*(Error|ENOENT)/.test(text)) ?? errors.trim();
    throw new Error(line.trim() || "the process ended without a word");
  };
  return {
    opened: (await reply()) as Opened,
    ask(command: object) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return reply();
    },
    close() {
      child.stdin.end();
      return exited;
    },
  };
}

/** A contender in a process that speaks the protocol of child.ts. */
export async function openProcess(...command: Parameters<typeof startProcess>): Promise<Host> {
  const { opened, ask, close } = await startProcess<Opened>(...command);
  return {
    ...opened,
    answers: (count) => ask({ op: "answers", count }),
    time: (count, ms) => ask({ op: "time", count, ms }),
    close,
  };
}
