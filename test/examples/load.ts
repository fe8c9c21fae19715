/**
 * What the built Worker example costs, measured in workerd's process (Linux): node test/examples/load.ts
 * Each request is a face already cropped, a JPEG of 96×96 pixels; eight at once.
 */
import sharp from "sharp";
import { bundledModules, startWorker } from "../support/miniflare.ts";
import { cpuMs, isolateBytes, load, startCounted, startMeasured } from "../support/workerd.ts";

const DIST = "examples/cloudflare-worker/dist";
const bindings = {
  MAX_BODY_BYTES: "8388608",
  MAX_DECODE_BYTES: "32000000",
  MAX_BOXES: "64",
  MAX_IMAGES: "16",
  CORS_ORIGIN: "",
};
const EMPTY = "export default { fetch: () => new Response() };";
const example = () => startWorker(bundledModules(DIST), { bindings });
const empty = () => startWorker([{ type: "ESModule", path: "index.js", contents: EMPTY }]);

/** CPU until a Worker has answered for the first time. */
async function startCpu(start: typeof example): Promise<number> {
  const { worker, pid } = await startMeasured(start);
  await (await worker.dispatchFetch("http://localhost/health")).text();
  const cpu = cpuMs(pid);
  await worker.dispose();
  return cpu;
}

const starts: number[] = [];
for (let i = 0; i < 7; i++) starts.push((await startCpu(example)) - (await startCpu(empty)));
console.log(`start, beyond an empty Worker's: ${starts.sort((a, b) => a - b)[3]!.toFixed(0)} ms of CPU`);

const photo = sharp("examples/astronaut.jpg");
const face = photo.clone().extract({ left: 130, top: 60, width: 130, height: 130 }).resize(96, 96);
const crop = new Uint8Array(await face.jpeg().toBuffer());
const { worker, pid } = await startMeasured(example);
const url = new URL("landmarks", await worker.ready);
await fetch(new URL("/health", url));
const idle = cpuMs(pid);
await load(url, crop, 1);
console.log(`first request: ${(cpuMs(pid) - idle).toFixed(1)} ms of CPU`);
await load(url, crop, 500);
for (let round = 0; round < 3; round++) {
  const before = cpuMs(pid);
  const { errors, seconds } = await load(url, crop, 2000);
  const cpu = (cpuMs(pid) - before) / 2000;
  console.log(
    `2000 requests: ${errors} errors, ${(2000 / seconds).toFixed(0)} a second, ${cpu.toFixed(2)} ms of CPU each`,
  );
}
await worker.dispose();

const counted = startCounted(DIST, { bindings });
const place = new URL("landmarks", await counted.ready);
const held = async () => `${((await isolateBytes(counted)) / 1e6).toFixed(1)} MB`;
await load(place, crop, 1000);
console.log(`an isolate holds after 1,000 requests: ${await held()}`);
await load(place, crop, 1000);
console.log(`after 2,000: ${await held()}`);
for (const format of ["jpeg", "png", "webp"] as const) {
  const body = new Uint8Array(
    await photo.clone().resize(1500, 1000, { fit: "fill" }).toFormat(format).toBuffer(),
  );
  await load(place, body, 1);
}
console.log(`after images of 1.5 million pixels in all three formats: ${await held()}`);
await counted.dispose();
