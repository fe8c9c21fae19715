/**
 * The finder on one thread: each stage of the network as it runs within a whole forward pass, and what callers wait for, by turns in one
 * run beside the landmark network's `run` of a face:
 *
 *     npm run bench:finder [seconds]
 *
 * Prints the least and the median of the calls. On a machine that does other work too, the least is what counts, of what takes a
 * millisecond or two; a longer call may never go without being interrupted, so that the sum of the stages says more than `find`.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { createLandmarkerSync } from "fivepoint";
import { createFinderSync, findFaces } from "fivepoint/finder";
import sharp from "sharp";
import { loadFinder } from "../src/core/finder/model.ts";
import { FINDER, parseFinderWeights } from "../src/core/finder/network.ts";
import { shrinkInto } from "../src/core/finder/shrink.ts";
import { checkImage } from "../src/core/image.ts";
import { BUILD } from "./prepare.ts";
import { median } from "./statistics.ts";

const [seconds = "20"] = process.argv.slice(2);
const TIERS = ["relaxed", "baseline"] as const;
const SIZE = { width: 320, height: 240 };
/** Sides of the canvas are multiples of 32. */
const [W, H] = [320, 256];

// biome-ignore lint/suspicious/noExplicitAny: the exports of bench/assembly/finder.ts, functions and addresses
type Exports = any;
type Jobs = Record<string, () => unknown>;

async function image(width: number, height: number) {
  const photo = sharp("examples/astronaut.jpg").resize(width, height, { fit: "cover" }).ensureAlpha();
  return { data: new Uint8Array(await photo.raw().toBuffer()), width, height };
}

async function instantiate(tier: (typeof TIERS)[number]): Promise<Exports> {
  mkdirSync(BUILD, { recursive: true });
  const file = join(BUILD, `finder-${tier}.wasm`);
  const { error, stderr } = await asc.main(["bench/assembly/finder.ts", "--target", tier, "--outFile", file]);
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const wasm: Exports = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file))).exports;
  wasm.reserve(W);
  loadFinder(wasm, parseFinderWeights(readFileSync("weights/finder.safetensors")));
  return wasm;
}

/** Everything that `find` does in wasm, in its order. */
function stages(wasm: Exports, pixels: ReturnType<typeof checkImage>): Jobs {
  const at = (name: string): number => wasm[name].value;
  const stage = (run: string, from: string, to: string, part: number) => () =>
    wasm[run](at(`${from}_MAP`), at(`${to}_WEIGHTS`), at(`${to}_MAP`), W / part, H / part);
  const up = (run: string, from: string, to: string, part: number) => () =>
    wasm.up(at(`${from}_MAP`), at(`${run}_WEIGHTS`), at(`${to}_MAP`), W / part, H / part);
  const pool = (from: string, to: string, part: number) => () =>
    wasm.pool(at(`${from}_MAP`), at(`${to}_MAP`), W / part, H / part);
  return {
    shrink: () => shrinkInto(wasm, pixels, SIZE),
    input: () => wasm.input(W / 2, H / 2),
    conv1: () => wasm.conv1(W / 2, H / 2),
    conv2: () => wasm.conv2(W / 4, H / 4),
    conv3: () => wasm.conv3(W / 4, H / 4),
    conv4: stage("wide6", "CONV3", "CONV4", 8),
    conv5: stage("narrow6", "CONV4", "CONV5", 8),
    pool5: pool("CONV5", "POOL5", 16),
    conv6: stage("wide3", "POOL5", "CONV6", 16),
    conv7: stage("narrow3", "CONV6", "CONV7", 16),
    pool7: pool("CONV7", "POOL7", 32),
    conv8: stage("wide3", "POOL7", "CONV8", 32),
    conv9: stage("narrow3", "CONV8", "CONV9", 32),
    up16: up("UP16", "CONV9", "CONV7", 32),
    conv10: () => wasm.conv10(W / 16, H / 16),
    up8: up("UP8", "CONV10", "CONV5", 16),
    conv11: () => wasm.conv11(W / 8, H / 8),
    decode: () => wasm.decode(0.5, 0),
  };
}

/** Multiply-adds of each convolution as it is defined. The heads are part of decoding: every cell needs one of their outputs. */
const PARTS = [2, 4, 4, 8, 8, 16, 16, 32, 32, 16, 8, 32, 16];
const products = new Map(
  FINDER.stages
    .slice(0, PARTS.length)
    .map(({ name, inputs, outputs, pointwise }, i) => [
      name,
      (W / PARTS[i]!) * (H / PARTS[i]!) * (pointwise ? 1 : 9) * inputs * outputs,
    ]),
);

const small = await image(SIZE.width, SIZE.height);
const photo = await image(4000, 3000);
const crop = new Uint8Array(48 * 48 * 3).map((_, i) => (i * 31) % 251);
for (const simd of TIERS) {
  const [finder, landmarker] = [createFinderSync({ simd }), createLandmarkerSync({ simd })];
  const jobs: Jobs = {
    ...stages(await instantiate(simd), checkImage(small)),
    "find, 320 × 240": () => finder.find(small),
    "find, 4000 × 3000": () => finder.find(photo),
    "findFaces, 4000 × 3000": () => findFaces(photo, { finder, landmarker }),
    "landmarker.run": () => landmarker.run(crop),
  };
  const times = Object.fromEntries(Object.keys(jobs).map((name) => [name, [] as number[]]));
  const round = () => {
    for (const [name, run] of Object.entries(jobs)) {
      const began = performance.now();
      run();
      times[name]!.push(1000 * (performance.now() - began));
    }
  };
  for (let i = 0; i < 150; i++) round(); // until the optimising compiler is done
  for (const name in times) times[name] = [];
  for (const end = performance.now() + 1000 * Number(seconds); performance.now() < end; ) round();

  const least = (name: string) => Math.min(...times[name]!);
  console.log(
    `\n${simd}, ${times.decode!.length} calls${" ".repeat(10)}µs    median    direct multiply-adds a ns`,
  );
  const line = (name: string, [time, middle]: readonly [number, number], direct?: number) =>
    console.log(
      `${name.padEnd(24)}${time.toFixed(1).padStart(9)}${middle.toFixed(1).padStart(10)}`,
      direct ? (direct / time / 1000).toFixed(1).padStart(8) : "",
    );
  const both = (name: string) => [least(name), median(times[name]!)] as const;
  const own = Object.keys(jobs).slice(0, Object.keys(jobs).indexOf("find, 320 × 240"));
  for (const name of own) line(name, both(name), products.get(name));
  const sum = (name: (name: string) => number) => own.reduce((total, each) => total + name(each), 0);
  line(
    "sum",
    [sum(least), sum((name) => median(times[name]!))],
    [...products.values()].reduce((total, each) => total + each),
  );
  for (const name of Object.keys(jobs).slice(own.length)) line(name, both(name));
}
