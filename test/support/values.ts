import { random } from "./random.ts";

/** Seed of all kernel tests; printed so that a failure can be repeated. */
export const SEED = Number(process.env.SEED ?? 20240229);
console.log(`SEED=${SEED}`);

/** `count` floats in −amplitude..amplitude with zeros, negative zeros and denormals among them. */
export function floats(count: number, seed: number, amplitude = 1): Float32Array {
  const next = random(SEED + seed);
  return Float32Array.from({ length: count }, () => {
    const kind = next();
    const v = (2 * next() - 1) * amplitude;
    if (kind < 0.02) return 0;
    if (kind < 0.04) return -0;
    return kind < 0.06 ? v * 1e-40 : v;
  });
}

/** Falling, flat, usual, identity and steep: every case of PReLU. */
export const SLOPES = [-2, -0.0625, 0, 0.25, 1, 1.75] as const;
