/**
 * What a frame of the camera costs the browser demo's page, in Chromium with a camera that plays a file:
 *   node test/examples/frames.ts
 * CPU time of the page's main thread, so that other programs on the machine count little; two frames are 33 ms apart.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { launchChromium } from "../support/chromium.ts";
import { installExample } from "../support/examples.ts";
import { serveFolder } from "../support/serve.ts";
import { writeCamera } from "./camera-file.ts";

const folder = installExample("browser");
execFileSync("npm", ["run", "build"], { cwd: folder, stdio: ["ignore", 2, 2] });
const server = await serveFolder(join(folder, "dist"));
const browser = await launchChromium(
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-video-capture=${await writeCamera()}`,
);
const page = await (await browser.newContext({ permissions: ["camera"], serviceWorkers: "block" })).newPage();
// Counts the frames that the page takes.
await page.addInitScript(`
  window.taken = 0;
  const { requestVideoFrameCallback } = HTMLVideoElement.prototype;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
    return requestVideoFrameCallback.call(this, (...frame) => {
      window.taken++;
      callback(...frame);
    });
  };`);
await page.goto(server.url);
await page.getByText("1 face found").waitFor();
await page.getByRole("button", { name: "Use camera" }).click();
await page.getByText("1 face in view").waitFor();
await page.waitForTimeout(5000); // the engine optimises

const session = await page.context().newCDPSession(page);
await session.send("Performance.enable", { timeDomain: "threadTicks" });
/** Milliseconds of CPU that the page's tasks, and its scripts in them, have taken, and the frames so far. */
async function soFar() {
  const { metrics } = await session.send("Performance.getMetrics");
  const ms = (name: string) => 1000 * metrics.find((metric) => metric.name === name)!.value;
  return {
    tasks: ms("TaskDuration"),
    scripts: ms("ScriptDuration"),
    frames: await page.evaluate<number>("taken"),
  };
}
const rounds: { tasks: number; scripts: number }[] = [];
for (let i = 0; i < 9; i++) {
  const before = await soFar();
  await page.waitForTimeout(2000);
  const after = await soFar();
  const frames = after.frames - before.frames;
  rounds.push({
    tasks: (after.tasks - before.tasks) / frames,
    scripts: (after.scripts - before.scripts) / frames,
  });
}
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!.toFixed(1);
console.log(
  `a frame of 640×480 takes ${median(rounds.map(({ tasks }) => tasks))} ms of the main thread's CPU, ` +
    `${median(rounds.map(({ scripts }) => scripts))} ms of it in scripts (medians of ${rounds.length} rounds)`,
);
await browser.close();
await server.close();
