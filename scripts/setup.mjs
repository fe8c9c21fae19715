// Brings a clone to the state that `npm start` and `npm test` need, doing only what is missing:
// installs when package-lock.json changed, builds modules and bundles when a source of theirs is newer.
// Runs on the machine's own Node (>= 20) and on nothing but Node's standard library.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { modules } from "./modules.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".fivepoint-setup");

function npm(...args) {
  console.error(`> npm ${args.join(" ")}`);
  // Results belong to standard output; what the set-up prints goes to standard error.
  const { status } = spawnSync("npm", args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** When a file, or anything in a folder, last changed; a folder itself changes when a file in it is removed. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  // npm would warn of tools that want a newer Node than the machine's; they run on the pinned one.
  npm("ci", "--no-audit", "--no-fund", "--loglevel=error");
  npm("rebuild", "node", "--ignore-scripts=false"); // its script places the pinned Node's binary
  writeFileSync(stamp, lock);
}

/** Runs a script of package.json when one of the sources is newer than an output, or an output is missing. */
function build(script, outputs, sources) {
  const oldest = Math.min(
    ...outputs.map((path) => (existsSync(join(root, path)) ? newest(join(root, path)) : 0)),
  );
  if (oldest <= Math.max(...sources.map((path) => newest(join(root, path))))) npm("run", script);
}

// Of each build the files that it writes last: when it failed, they are old or missing.
const wasm = modules.map(({ outFile }) => outFile);
build("build:wasm", wasm, ["assembly", "asconfig.json", "package-lock.json", "scripts/modules.mjs"]);
build(
  "build:ts",
  ["dist/index.d.ts"],
  [
    ...wasm,
    "src",
    "scripts",
    "weights/default.safetensors",
    "weights/finder.safetensors",
    "weights/finder-clean.safetensors",
    "tsconfig.json",
    "tsconfig.types.json",
    "package.json",
    "package-lock.json",
  ],
);
