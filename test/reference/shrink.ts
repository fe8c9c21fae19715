/**
 * The mean of an image over the rectangle that each pixel of a smaller one covers, in float64 by the definition. Along an
 * axis every `step`-th sample is read, one from the middle of its `step` pixels, and stands for all of them.
 */

/** Overlap of [a, b) with [c, d). */
const overlap = (a: number, b: number, c: number, d: number) => Math.max(0, Math.min(b, d) - Math.max(a, c));

/** For each of `count` outputs: the pixels that are read, with their weights, which sum to 1. */
export function areaWeights(size: number, count: number, step = 1): [pixel: number, weight: number][][] {
  const cell = size / count;
  return Array.from({ length: count }, (_, i) => {
    const weights: [number, number][] = [];
    for (let at = Math.max(0, Math.floor((i * cell) / step - 1)) * step; at < (i + 1) * cell; at += step) {
      const weight = overlap(i * cell, (i + 1) * cell, at, Math.min(at + step, size)) / cell;
      if (weight > 1e-9) weights.push([Math.min(at + Math.floor(step / 2), size - 1), weight]);
    }
    return weights;
  });
}

/** Channels-last bytes of any number of channels → the means, not rounded. */
export function shrink(
  image: ArrayLike<number>,
  size: { width: number; height: number },
  to: { width: number; height: number },
  channels: number,
  step = { x: 1, y: 1 },
): Float64Array {
  const columns = areaWeights(size.width, to.width, step.x);
  const rows = areaWeights(size.height, to.height, step.y);
  const out = new Float64Array(to.width * to.height * channels);
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (const [sy, wy] of row) {
          for (const [sx, wx] of column) sum += wy * wx * image[(sy * size.width + sx) * channels + c]!;
        }
        out[(y * to.width + x) * channels + c] = sum;
      }
    }
  }
  return out;
}
