// Brings a clone to the state that `npm start` and `npm test` need, doing only what is missing:
// installs when package-lock.json changed, builds when a source is newer than dist/.
// Runs on the machine's own Node (>= 20) and on nothing but Node's standard library.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".fivepoint-setup");
const built = join(root, "dist", ".built");

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

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  npm("ci", "--no-audit", "--no-fund");
  npm("rebuild", "node", "--ignore-scripts=false"); // its script places the pinned Node's binary
  writeFileSync(stamp, lock);
}

const sources = [
  "assembly",
  "src",
  "scripts",
  "asconfig.json",
  "package.json",
  "weights/default.safetensors",
];
const changed = Math.max(...sources.map((path) => newest(join(root, path))));
if (!existsSync(built) || statSync(built).mtimeMs < changed) {
  npm("run", "build");
  writeFileSync(built, "");
}
