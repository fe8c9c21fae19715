/**
 * What the Worker example costs, measured in workerd's process (Linux): node test/examples/load.ts [--write]
 * Bundles the example with this tree's package, sends it requests, eight at once, and prints the table of its README; --write
 * puts it there.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { fill } from "../../scripts/fill.ts";
import { buildWorker, installExample } from "../support/examples.ts";
import { bundledModules, startWorker } from "../support/miniflare.ts";
import { cpuMs, isolateBytes, load, startCounted, startMeasured } from "../support/workerd.ts";
import { readVars } from "./vars.ts";

const { values: options } = parseArgs({ options: { write: { type: "boolean" } } });
const dist = buildWorker(installExample("cloudflare-worker"));
const bindings = readVars("cloudflare-worker");
const EMPTY = "export default { fetch: () => new Response() };";
const example = () => startWorker(bundledModules(dist), { bindings });
const empty = () => startWorker([{ type: "ESModule", path: "index.js", contents: EMPTY }]);

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const photo = sharp("examples/astronaut.jpg");
const encode = async (image: Sharp) => new Uint8Array(await image.jpeg().toBuffer());
const face = { left: 130, top: 60, width: 130, height: 130 };
const crop = await encode(photo.clone().extract(face).resize(96, 96));

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

/** Requests of one kind, and the CPU that each of them took, round by round. */
interface Requests {
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly cpu: number[];
}

/** The same photo with the box of its face and without. */
async function pair(width: number, height: number, count: number): Promise<[Requests, Requests]> {
  const body = await encode(photo.clone().resize(width, height, { fit: "fill" }));
  const box = [140, 67, 106, 112].map((v, i) => Math.round((v * (i % 2 ? height : width)) / 384));
  return [
    { path: `landmarks?box=${box}`, body, count, cpu: [] },
    { path: "landmarks", body, count, cpu: [] },
  ];
}

const cropped: Requests = { path: "landmarks?whole", body: crop, count: 2000, cpu: [] };
const photos = {
  "320×240": await pair(320, 240, 1000),
  "1024×768": await pair(1024, 768, 200),
  "4032×3024, decoded at 1/2": await pair(4032, 3024, 16),
};
const kinds = [cropped, ...Object.values(photos).flat()];

const { worker, pid } = await startMeasured(example);
const url = await worker.ready;
await fetch(new URL("/health", url));
const idle = cpuMs(pid);
await load(new URL("landmarks", url), photos["320×240"][1].body, 1);
const first = cpuMs(pid) - idle;
const ROUNDS = 5;
let [sent, errors] = [0, 0];
// The first round warms the engine up; kinds take turns, so that what else the machine does meets all of them.
for (let round = -1; round < ROUNDS; round++) {
  for (const { path, body, count, cpu } of kinds) {
    const before = cpuMs(pid);
    errors += (await load(new URL(path, url), body, count)).errors;
    sent += count;
    if (round >= 0) cpu.push((cpuMs(pid) - before) / count);
  }
}
await worker.dispose();

const counted = startCounted(dist, { bindings });
const held = async () => `${((await isolateBytes(counted)) / 1e6).toFixed(0)} MB`;
const place = new URL("landmarks", await counted.ready);
const crops: string[] = [];
for (let i = 0; i < 2; i++) {
  await load(place, crop, 1000);
  crops.push(await held());
}
for (const format of ["jpeg", "png", "webp"] as const) {
  const image = photo.clone().resize(1500, 1000, { fit: "fill" }).toFormat(format);
  await load(place, new Uint8Array(await image.toBuffer()), 1);
}
const images = await held();
await counted.dispose();

const files = readdirSync(dist).filter((name) => /\.(js|wasm)$/.test(name));
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
const size = (isCodec: boolean) =>
  files
    .filter((name) => /(webp|png|jpeg).*\.wasm$/.test(name) === isCodec)
    .reduce((sum, name) => sum + statSync(`${dist}/${name}`).size, 0);
const compressed = files.reduce((sum, name) => sum + gzipSync(readFileSync(`${dist}/${name}`)).length, 0);

const ms = (values: readonly number[]) => median(values).toFixed(2);
const rows = [
  ["", "box given", "faces found"],
  ["---", "--:", "--:"],
  ["CPU of a request, ms: a cropped face, 96×96 JPEG, `?whole`", ms(cropped.cpu), ""],
  ...Object.entries(photos).map(([name, [given, found]]) => [
    `a JPEG of ${name}, one face`,
    ms(given.cpu),
    ms(found.cpu),
  ]),
  ["of an isolate's first request, 320×240, which compiles the codec", "", first.toFixed(1)],
  ["of an isolate's start, beyond an empty Worker's", "", median(starts).toFixed(0)],
  ["memory, cropped faces, after 1,000 and 2,000", "", crops.join(", ")],
  ["memory, after images of 1.5 million pixels in all three formats", "", images],
  [`errors in ${sent.toLocaleString("en")} requests, eight at once`, "", String(errors)],
  [
    "bundle: both networks, Hono, WebP's script; the codecs",
    "",
    `${megabytes(size(false))}; ${megabytes(size(true))} MB`,
  ],
  ["bundle, compressed", "", `${megabytes(compressed)} MB`],
];
const date = new Date().toISOString().slice(0, 10);
const table = `${rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n\nMedians of ${date}, on an ${cpus()[0]!.model}.`;
console.log(table);
if (options.write) fill("examples/cloudflare-worker/README.md", { load: table });
