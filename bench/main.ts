/**
 * `npm run bench`: fivepoint beside other runtimes on the same network, in one run on one core. Tables go to standard
 * output, progress to standard error; a full run rewrites bench/RESULTS.md and the table in README.md. `--check` is the guard against losses.
 */
import { availableParallelism, loadavg } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { fill } from "../scripts/fill.ts";
import { check, goals, writeBaseline } from "./check.ts";
import { Field } from "./contenders/field.ts";
import { measureAll } from "./measure.ts";
import { pinTo } from "./pin.ts";
import { bundle, installPeers, writeModels, writeWhole } from "./prepare.ts";
import { markdown, RESULTS, summary } from "./report.ts";
import { rooflineChart } from "./roofline.ts";
import { measureStages } from "./stages.ts";

const whole = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Expected a whole number.");
  return value;
};
const options = new Command("npm run bench --")
  .description(
    "Times fivepoint and other runtimes on the same network, in interleaved rounds, with one thread each.",
  )
  .option("--json", "Print one JSON object in place of the tables")
  .option(
    "--chart <file.svg>",
    "Draw the stages under the machine's peak (a full run writes bench/roofline.svg)",
  )
  .option(
    "--against <names>",
    "Compare with these peers only, comma-separated, such as onnxruntime-node,openvino",
  )
  .option("--check", "Compare ratios with bench/baseline.json, and fail if one grew by more than 15 %")
  .option("--write-baseline", "Measure as --check does, and store the ratios")
  .option("--rounds <n>", "Rounds of each table", whole, 11)
  .option("--core <n>", "Pin everything to this core (Linux only)", whole, availableParallelism() - 1)
  .parse()
  .opts<{
    json?: boolean;
    chart?: string;
    against?: string;
    check?: boolean;
    writeBaseline?: boolean;
    rounds: number;
    core: number;
  }>();

const pinned = pinTo(options.core);
if (!pinned) console.error("The processes can't be pinned to a core here: expect more noise.");

await bundle();
await writeModels();
if (options.check || options.writeBaseline) {
  process.exitCode = await (options.writeBaseline ? writeBaseline() : check());
} else {
  const missing = await installPeers();
  const peers = options.against?.split(",").map((name) => name.trim());
  const field = new Field();
  const unknown = peers?.filter((peer) => !field.contenders.some(({ name }) => name === peer)) ?? [];
  if (unknown.length > 0) {
    const names = new Set(field.contenders.map(({ name }) => name));
    console.error(`error: --against knows ${[...names].join(", ")}, not ${unknown.join(", ")}`);
    process.exit(2);
  }
  const load = loadavg()[0]!;
  const results = {
    date: new Date().toISOString().slice(0, 10),
    command: `npm run bench${process.argv
      .slice(2)
      .map((word, i) => (i === 0 ? ` -- ${word}` : ` ${word}`))
      .join("")}`,
    pinned,
    load,
    ...(await measureAll(field, peers, missing, options.rounds)),
    stages: await measureStages(options.rounds),
  };
  await field.close();
  console.log(options.json ? JSON.stringify(results) : markdown(results));
  for (const line of goals(results)) console.error(line);
  const chart = options.chart ?? (peers ? undefined : "bench/roofline.svg");
  if (chart) await writeWhole(chart, rooflineChart(results.stages));
  if (!peers) {
    await writeWhole(RESULTS, markdown(results));
    fill("README.md", { speed: summary(results) });
  }
}
