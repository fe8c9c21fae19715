/** The help: for every command in sentence case, with examples that are right. */
import { describe, expect, it } from "vitest";
import { fivepoint } from "./support.ts";

const COMMANDS = [
  "",
  "detect",
  "eval",
  "bench",
  "weights",
  "weights info",
  "weights import",
  "weights pull",
  "weights quantize",
  "weights export",
];
const printed = new Map<string, Promise<string>>();
function help(command: string): Promise<string> {
  const print = async () => (await fivepoint([...command.split(" ").filter(Boolean), "--help"])).stdout;
  printed.set(command, printed.get(command) ?? print());
  return printed.get(command)!;
}

describe.each(COMMANDS)("fivepoint %s --help", (command) => {
  it("fits a terminal of 80 columns, but for what is to be copied", async () => {
    const lines = (await help(command)).split("\n").filter((line) => !/https?:|^ {4}fivepoint /.test(line));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it("begins every description with a capital letter or a symbol", async () => {
    const text = await help(command);
    // A description is what follows an option, argument or command after two spaces, or on a line of its own below it.
    const descriptions = [...text.matchAll(/^ {2}(?:-\S.*?|[a-z].*?)(?: {2,}| *\n {10,})(\S.*)$/gm)];
    expect(descriptions.length).toBeGreaterThan(0);
    expect(descriptions.filter(([, words]) => /^[a-z]/.test(words!)).map(([line]) => line)).toEqual([]);
  });

  it("has examples of commands and options that exist", async () => {
    const [, examples] = (await help(command)).split(/^Examples?:\n/m);
    const lines = examples!.replaceAll("\\\n", " ").split("\n");
    const calls = lines.flatMap((line) => /(?:^ {4}|\| )(fivepoint .*)$/.exec(line)?.[1] ?? []);
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) {
      const name = COMMANDS.filter((known) => call.startsWith(`fivepoint ${known} `) || known === "").at(-1)!;
      if (/\bhelp\b/.test(call)) continue;
      const known = await help(name);
      for (const [flag] of call.matchAll(/(?<= )--[a-z-]+/g)) expect(known, call).toContain(` ${flag}`);
    }
  });
});
