// `npm start`: set up what is missing, then the main job on the sample photo.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
await import("./setup.mjs");
const job = ["detect", "examples/astronaut.jpg", "--out", "build/astronaut.png"];
console.error(`> fivepoint ${job.join(" ")}`);
const { status } = spawnSync("npm", ["exec", "--no", "--", "fivepoint", ...job], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
});
process.exit(status ?? 1);
