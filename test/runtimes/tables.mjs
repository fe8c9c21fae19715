// Writes the tables of README.md and docs/RUNTIMES.md from what was last measured:
//   npx vitest run test/runtimes/runtimes.test.ts   (build/runtimes.json)
//   node test/runtimes/peers/run.ts                 (build/peers.json)
//   node test/runtimes/tables.mjs
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fill } from "../../scripts/fill.ts";

const read = (name) => JSON.parse(readFileSync(`build/${name}.json`, "utf8"));
const table = (head, align, rows) =>
  [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const cold = (ms) => ms.toFixed(ms < 100 ? 1 : 0);
const face = (ms) => ms.toFixed(ms < 10 ? 2 : 0);

const runtimes = table(
  ["runtime", "works as installed", "tier", "create to first face, ms", "one face, ms"],
  ["---", "---", "---", "--:", "--:"],
  Object.entries(read("runtimes").reports).map(([name, { tier, coldMs, faceMs }]) => [
    name,
    "yes",
    tier,
    cold(coldMs),
    face(faceMs),
  ]),
);

const peers = read("peers");
const places = [...new Set(peers.map(({ runtime }) => runtime))];
const packages = [...new Set(peers.map(({ name }) => name))].map((name) =>
  peers.filter((result) => result.name === name),
);

/** In a cell of the README: import to first face / one face, or that there is none. */
function cell({ error, stillFails, coldMs, faceMs } = {}) {
  if (stillFails || coldMs === undefined) return "no";
  const times = `${cold(coldMs)} / ${face(faceMs)}`;
  return error ? `no; set up: ${times}` : times;
}
const short = table(
  ["package", "download, MB", ...places],
  ["---", "--:", ...places.map(() => "--:")],
  packages.map((results) => [
    `${results[0].name} ${results[0].version}`,
    (Math.max(...results.map(({ download = 0 }) => download)) / 1e6).toFixed(2),
    ...places.map((place) => cell(results.find(({ runtime }) => runtime === place))),
  ]),
);
const full = table(
  ["package", "runtime", "works as installed", "import to first face, ms", "one face, ms"],
  ["---", "---", "---", "--:", "--:"],
  peers.map(({ name, version, runtime, error, stillFails, coldMs, faceMs }) => [
    `${name} ${version}`,
    runtime,
    [error ? `no: \`${error}\`` : "yes", stillFails && stillFails !== error && `set up: \`${stillFails}\``]
      .filter(Boolean)
      .join("; "),
    coldMs === undefined ? "–" : cold(coldMs),
    coldMs === undefined ? "–" : face(faceMs),
  ]),
);

const machine = `\n\nThe fastest of some runs, ${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model}.`;
fill("README.md", { runtimes: runtimes + machine, peers: short + machine });
fill("docs/RUNTIMES.md", { peers: full + machine });
