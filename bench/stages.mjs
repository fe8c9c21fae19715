// Time of each f32 stage by itself, medians of interleaved rounds, and what it is in multiply-adds a nanosecond.
// node bench/stages.mjs [baseline|relaxed]; the module is the one that `npx vitest run test/kernels` builds.
import { readFileSync } from "node:fs";
import { parseWeights, toFloat32 } from "../src/weights/container.ts";
import { TENSORS } from "../src/weights/tensors.ts";

const tier = process.argv[2] ?? "baseline";
const module = new WebAssembly.Module(readFileSync(`build/test/kernels-${tier}.wasm`));
const wasm = new WebAssembly.Instance(module).exports;
const at = (name) => wasm[name].value;

const { tensors } = parseWeights(readFileSync("weights/default.safetensors"));
let parameter = wasm.parameters();
for (const { name } of TENSORS) {
  const values = toFloat32(tensors.get(name));
  new Float32Array(wasm.memory.buffer, parameter, values.length).set(values);
  parameter += values.byteLength;
}
wasm.pack();
wasm.packDirect();
const crops = new Uint8Array(wasm.memory.buffer, wasm.crops(), wasm.batch() * 6912);
crops.forEach((_, i) => {
  crops[i] = 128 + 100 * Math.sin(i * 0.01);
});
wasm.forward(wasm.batch());

// Faces of a call and multiply-adds that Winograd leaves a face: points · tiles · IC · OC.
const convs = [
  ["conv1", "CONV1_MAP", 64 * 64 * 3 * 16],
  ["conv2", "CONV2_MAP", 64 * 16 * 16 * 32],
  ["conv3", "CONV3_MAP", 64 * 4 * 32 * 64],
  ["conv4", "CONV4_MAP", 25 * 4 * 64 * 64],
  ["conv5", "CONV5_MAP", 25 * 4 * 64 * 128],
];
const dense = (name, input, inputs, outputs) => [
  name,
  1,
  () =>
    wasm.f32_dense_32(
      at(input),
      at(`${name.toUpperCase()}_WEIGHTS`),
      at(`${name.toUpperCase()}_PARAMS`),
      at(`${name.toUpperCase()}_OUT`),
      inputs,
      outputs,
    ),
  inputs * outputs,
];
const jobs = [
  ...[1, 2, 3, 5, 8, 13, 16].map((n) => [`network × ${n}`, n, () => wasm.forward(n)]),
  ["network, direct", 1, () => wasm.forwardDirect(1), 10_304_000],
  ["input", 1, () => wasm.f32_affine_input(wasm.crops(), at("INPUT_PARAMS"), at("INPUT_MAP"))],
  ...convs.map(([name, map, madds]) => [name, 1, () => wasm[name](at(map), 1), madds]),
  ...convs.slice(3).map(([name, map, madds]) => [`${name} × 16`, 16, () => wasm[name](at(map), 16), madds]),
  [
    "depthwise",
    1,
    () =>
      wasm.f32_depthwise6x6_8(
        at("CONV5_MAP"),
        at("DEPTHWISE_WEIGHTS"),
        at("DEPTHWISE_PARAMS"),
        at("DEPTHWISE_OUT"),
        128,
      ),
    36 * 128,
  ],
  dense("fc1", "DEPTHWISE_OUT", 128, 256),
  dense("fc2", "FC1_OUT", 256, 64),
  dense("fc3", "FC2_OUT", 64, 32),
  ["sigmoid", 1, () => wasm.f32_sigmoid(at("FC3_OUT"), at("LANDMARKS"), 10)],
].map(([name, faces, run, madds]) => ({ name, faces, run, madds, samples: [] }));

const time = (job, calls) => {
  const start = performance.now();
  for (let i = 0; i < calls; i++) job.run();
  return ((performance.now() - start) * 1000) / calls / job.faces;
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

for (const job of jobs) {
  time(job, 2000 / job.faces);
  job.calls = Math.max(1, Math.ceil(1000 / time(job, 100 / job.faces) / job.faces));
}
for (let round = 0; round < 31; round++) {
  for (const job of jobs) {
    time(job, 1);
    job.samples.push(median(Array.from({ length: 5 }, () => time(job, job.calls))));
  }
}
console.log(`Node ${process.version}, ${tier}`);
for (const { name, samples, madds } of jobs) {
  const us = median(samples);
  const rate = madds ? `  ${(madds / us / 1000).toFixed(1).padStart(5)} G multiply-adds/s` : "";
  console.log(`${name.padEnd(16)} ${us.toFixed(2).padStart(8)} µs a face${rate}`);
}
