/**
 * Loads the built Worker example on the loopback address: a fixed number of requests, eight at once, each a cropped face
 * of 96×96 pixels as JPEG. Prints what workerd's process used: node test/examples/load.ts (after `npm run build` there).
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { bundledModules, startWorker } from "../support/miniflare.ts";

const DIST = "examples/cloudflare-worker/dist";
const REQUESTS = 2000;
const AT_ONCE = 8;

const worker = startWorker(bundledModules(DIST), {
  bindings: {
    MAX_BODY_BYTES: "8388608",
    MAX_PIXELS: "6000000",
    MAX_BOXES: "64",
    MAX_IMAGES: "16",
    CORS_ORIGIN: "",
  },
});
const url = new URL("landmarks", await worker.ready);
const body = await sharp("examples/astronaut.jpg")
  .extract({ left: 130, top: 60, width: 130, height: 130 })
  .resize(96, 96)
  .jpeg()
  .toBuffer();

// Miniflare's child of this process; times in ticks of 10 ms.
const pid = execFileSync("pgrep", ["-P", String(process.pid), "workerd"], { encoding: "utf8" })
  .trim()
  .split("\n")[0];
const cpuMs = () => {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ").slice(13, 15).map(Number);
  return 10 * (user! + system!);
};
const megabytes = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;

async function load(requests: number): Promise<{ errors: number; seconds: number }> {
  let left = requests;
  let errors = 0;
  const start = performance.now();
  const caller = async () => {
    while (left-- > 0) {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "image/jpeg" },
        body: new Uint8Array(body),
      });
      if (response.status !== 200) errors++;
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  return { errors, seconds: (performance.now() - start) / 1000 };
}

const idle = cpuMs();
await load(1);
console.log(`first request: ${cpuMs() - idle} ms of CPU, process ${megabytes().toFixed(0)} MB`);
await load(500);
const before = cpuMs();
const { errors, seconds } = await load(REQUESTS);
console.log(
  `${REQUESTS} requests: ${errors} errors, ${(REQUESTS / seconds).toFixed(0)} a second, ${((cpuMs() - before) / REQUESTS).toFixed(2)} ms of CPU each, process ${megabytes().toFixed(0)} MB`,
);
await worker.dispose();
