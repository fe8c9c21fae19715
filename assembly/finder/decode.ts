/**
 * What the cells of a head say, for each whose score is high enough. A head is a 1×1 convolution: o₀ is computed for every cell and the
 * other outputs o for these alone. Cell (column i, row j) of a map with stride s proposes
 *
 *   score           1 / (1 + e^−o₀)
 *   centre          (i + ½ + o₁) · s, (j + ½ + o₂) · s                     in pixels of the canvas
 *   width, height   3 · s · e^clamp(o₃, −4, 4), 3 · s · e^clamp(o₄, −4, 4)
 *
 * map         f32 the map that the head reads (../maps.ts), CHANNELS of Narrow
 * weights     f32 [CHANNELS][32], then the biases, of Head
 * candidates  f32 [n][score, left, top, right, bottom], written row by row
 *
 * From o on in float64, rounded once. @returns the end of the candidates, 0 when an output isn't finite. Reference: test/reference/finder.ts.
 */
import { f32_dot } from "../kernels/f32_dot";
import { mapRow } from "../maps";
import { Head, Narrow } from "./shape";

export function decode(
  map: usize,
  weights: usize,
  width: i32,
  height: i32,
  stride: i32,
  minScore: f64,
  minLogit: f32,
  candidates: usize,
): usize {
  const s = <f64>stride;
  const pixel: usize = Narrow.CHANNELS * 4;
  const row = mapRow(width, Narrow.CHANNELS);
  for (let j = 0; j < height; j++) {
    let cell = map + <usize>(j + 1) * row;
    for (let i = 0; i < width; i++) {
      cell += pixel;
      const logit = output(0, cell, weights);
      if (!isFinite(logit)) return 0;
      if (!(logit >= minLogit)) continue;
      const score = <f32>(1.0 / (1.0 + Math.exp(-(<f64>logit))));
      if (!(<f64>score >= minScore)) continue;
      const right = output(1, cell, weights);
      const down = output(2, cell, weights);
      const wide = output(3, cell, weights);
      const high = output(4, cell, weights);
      if (!isFinite(right) || !isFinite(down) || !isFinite(wide) || !isFinite(high)) return 0;
      const x = (<f64>i + 0.5 + <f64>right) * s;
      const y = (<f64>j + 0.5 + <f64>down) * s;
      const halfWidth = halfSide(wide, s);
      const halfHeight = halfSide(high, s);
      store<f32>(candidates, score);
      store<f32>(candidates, <f32>(x - halfWidth), 4);
      store<f32>(candidates, <f32>(y - halfHeight), 8);
      store<f32>(candidates, <f32>(x + halfWidth), 12);
      store<f32>(candidates, <f32>(y + halfHeight), 16);
      candidates += 20;
    }
  }
  return candidates;
}

/** Output `o` of a cell. */
function output(o: i32, cell: usize, weights: usize): f32 {
  const sum = f32_dot(cell, weights + <usize>(o * Narrow.CHANNELS * 4), Narrow.CHANNELS);
  return sum + load<f32>(weights + <usize>((Head.CHANNELS * Narrow.CHANNELS + o) * 4));
}


@inline
function halfSide(output: f32, stride: f64): f64 {
  return 1.5 * stride * Math.exp(<f64>min<f32>(max<f32>(output, -4), 4));
}
