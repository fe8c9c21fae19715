#!/usr/bin/env node
/**
 * `fivepoint`, the command line. Results go to standard output, everything else to standard error. Exit status: 0 all
 * done, 1 some input failed (the others are done), 2 wrong usage.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { CommanderError, InvalidArgumentError, program } from "commander";
import { registerBench } from "./bench.ts";
import { registerDetect } from "./detect/command.ts";
import { registerEval } from "./eval/command.ts";
import { reasonOf } from "./files.ts";
import { registerWeights } from "./weights/command.ts";

// sharp works on libuv's threads: as many as there are cores. Read at their first use.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

// A reader that has seen enough (`| head`) closes the pipe: nobody is left to write to. On a full disk nothing more can
// be told of the results; of what belongs on standard error, nobody can be told.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    process.exitCode ||= 1;
    if (stream === process.stderr) return;
    process.stderr.write(`error: standard output: ${reasonOf(error)}\n`, () => process.exit());
  });
}

const HELP = `
Examples:
  Find the faces in a photo, and five points in each:
    fivepoint detect photo.jpg
  Draw the points:
    fivepoint detect photo.jpg --out points.png
  Print the help of a command, with more examples:
    fivepoint help detect`;

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
program
  .name("fivepoint")
  .description(
    "Five-point face landmarks: finds the eyes, nose tip and mouth corners of the faces in images.",
  )
  .version(version, "-V, --version", "Print the version")
  .helpOption("-h, --help", "Print this help")
  .helpCommand("help [command]", "Print the help of a command")
  .addHelpText("after", HELP)
  .exitOverride()
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: false });
registerDetect(program);
registerEval(program);
registerWeights(program);
registerBench(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof InvalidArgumentError) {
    console.error(`error: ${error.message}`); // found after parsing: commander hasn't printed it
    process.exitCode = 2;
  } else if (error instanceof CommanderError) {
    const [input] = program.args;
    if (error.message === `error: unknown command '${input}'` && existsSync(input!))
      console.error(`To find the faces in it: fivepoint detect ${input}`);
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
