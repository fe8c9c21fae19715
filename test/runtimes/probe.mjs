// What every runtime does with the package: golden crops in the baseline tier and in the best one, the time that
// takes, and faces looked for in noise. No API but the language's and performance.now.

import faceBase64 from "./face.mjs";

/** Bytes that depend on the seed alone. */
function bytes(count, seed) {
  const out = new Uint8Array(count);
  for (let i = 0, state = seed; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

/** A face, and noise that excites every part of the network. */
export const CROPS = 3;
export function crops() {
  const out = bytes(CROPS * 6912, 2026);
  const face = atob(faceBase64);
  for (let i = 0; i < 6912; i++) out[i] = face.charCodeAt(i);
  return out;
}

const hex = (values) =>
  Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), (b) =>
    b.toString(16).padStart(2, "0"),
  ).join("");

/** What a finder proposes: numbers that differ where a bit of its network's outputs does. */
function proposals(finder) {
  const image = { data: bytes(200 * 150, 7), width: 200, height: 150, format: "gray" };
  return finder.find(image, { minScore: 0, maxFaces: 30 });
}

/** @param createFinder left out where an entry has none */
export async function probe(createLandmarker, createFinder) {
  const start = performance.now();
  const best = await createLandmarker();
  const first = best.run(crops().subarray(0, 6912));
  const coldMs = performance.now() - start;
  const baseline = await createLandmarker({ simd: "baseline" });
  const results = baseline.run(crops(), CROPS);
  const others = best.run(crops(), CROPS);
  const crop = crops().subarray(0, 6912);
  const rounds = [];
  for (let round = 0; round < 15; round++) {
    const from = performance.now();
    for (let i = 0; i < 100; i++) best.run(crop);
    rounds.push((performance.now() - from) / 100);
  }
  return {
    tier: best.info.simd,
    baseline: hex(results),
    difference: Math.max(...others.map((value, i) => Math.abs(value - results[i]))),
    first: Math.max(...first.map((value, i) => Math.abs(value - others[i]))),
    coldMs,
    faceMs: Math.min(...rounds), // what else the machine does only adds
    boxes: createFinder ? proposals(await createFinder({ simd: "baseline" })) : null,
  };
}
