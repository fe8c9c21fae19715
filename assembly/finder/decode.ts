/**
 * What the cells of a head say, for each whose score is high enough: cell (column i, row j) of a map with stride s and the
 * outputs o proposes
 *
 *   score           1 / (1 + e^−o₀)
 *   centre          (i + ½ + o₁) · s, (j + ½ + o₂) · s                     in pixels of the canvas
 *   width, height   3 · s · e^clamp(o₃, −4, 4), 3 · s · e^clamp(o₄, −4, 4)
 *
 * map         f32 the map that the head reads (../maps.ts), CHANNELS of Narrow
 * weights     f32 [OUTPUTS][FILTER] of Head
 * scores      f32 [height] rows, `scoreBytes` apart: o₀ of each cell
 * outputs     f32, to work in: four numbers for each of o₁ … o₄
 * candidates  f32 [n][score, left, top, right, bottom], written row by row
 *
 * From o on in float64, rounded once. @returns the end of the candidates, 0 when an output isn't finite. Reference: test/reference/finder.ts.
 */
import { f32_conv3x3_dot } from "../kernels/f32_conv3x3_dot";
import { mapRow } from "../maps";
import { Head, Narrow } from "./shape";

export function decode(
  map: usize,
  weights: usize,
  scores: usize,
  scoreBytes: usize,
  width: i32,
  height: i32,
  stride: i32,
  minScore: f64,
  minLogit: f32,
  outputs: usize,
  candidates: usize,
): usize {
  const s = <f64>stride;
  const row = mapRow(width, Narrow.CHANNELS);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      const logit = load<f32>(scores + ((<usize>i) << 2));
      if (!isFinite(logit)) return 0;
      if (!(logit >= minLogit)) continue;
      const score = <f32>(1.0 / (1.0 + Math.exp(-(<f64>logit))));
      if (!(<f64>score >= minScore)) continue;
      const cell = map + <usize>(i * Narrow.CHANNELS * 4);
      for (let o = 1; o < Head.OUTPUTS; o++) {
        const filter = weights + <usize>(o * Head.FILTER * 4);
        const output = outputs + <usize>((o - 1) * 16);
        f32_conv3x3_dot(cell, row, Narrow.CHANNELS, filter, output, 1);
        if (!isFinite(load<f32>(output))) return 0;
      }
      const x = (<f64>i + 0.5 + <f64>load<f32>(outputs)) * s;
      const y = (<f64>j + 0.5 + <f64>load<f32>(outputs, 16)) * s;
      const halfWidth = halfSide(load<f32>(outputs, 32), s);
      const halfHeight = halfSide(load<f32>(outputs, 48), s);
      store<f32>(candidates, score);
      store<f32>(candidates, <f32>(x - halfWidth), 4);
      store<f32>(candidates, <f32>(y - halfHeight), 8);
      store<f32>(candidates, <f32>(x + halfWidth), 12);
      store<f32>(candidates, <f32>(y + halfHeight), 16);
      candidates += 20;
    }
    map += row;
    scores += scoreBytes;
  }
  return candidates;
}


@inline
function halfSide(output: f32, stride: f64): f64 {
  return 1.5 * stride * Math.exp(<f64>min<f32>(max<f32>(output, -4), 4));
}
