/** Uniform numbers in 0..1 that depend on the seed alone (mulberry32, 32 bits of state). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` crops of 48×48 BGR: smooth blobs with noise, so that all stages see lively values. */
export function randomCrops(count: number, seed: number): Uint8Array {
  const next = random(seed);
  const crops = new Uint8Array(count * 6912);
  for (let n = 0; n < count; n++) {
    const wave = Array.from({ length: 12 }, () => next() * 2 - 1);
    for (let y = 0; y < 48; y++) {
      for (let x = 0; x < 48; x++) {
        for (let c = 0; c < 3; c++) {
          const v =
            Math.sin(x * 0.3 * wave[c]! + 6 * wave[c + 3]!) *
            Math.cos(y * 0.3 * wave[c + 6]! + 6 * wave[c + 9]!);
          crops[n * 6912 + (y * 48 + x) * 3 + c] = 128 + 100 * v + 20 * (next() - 0.5);
        }
      }
    }
  }
  return crops;
}
