// `npm start`: set up what is missing, then the main job on the sample photo.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
await import("./setup.mjs");
const drawing = "build/astronaut.png";
const job = ["detect", "examples/astronaut.jpg", "--format", "text", "--out", drawing];
console.error(`> fivepoint ${job.join(" ")}`);
const { status } = spawnSync("npm", ["exec", "--no", "--", "fivepoint", ...job], {
  cwd: root,
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (status === 0)
  console.error(`
The points are drawn in ${drawing}. What to try next:
  npx fivepoint detect <your photo> --out build/points.png   find the faces in a photo of yours
  npx fivepoint --help                                       see what else the command line does
  npm run demo                                               open the demo page in a browser`);
process.exit(status ?? 1);
