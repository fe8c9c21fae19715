/**
 * What the cells of a head say, for each whose score is high enough: cell (column i, row j) of a map with stride s and the
 * outputs o proposes
 *
 *   score           1 / (1 + e^−o₀)
 *   centre          (i + ½ + o₁) · s, (j + ½ + o₂) · s                     in pixels of the canvas
 *   width, height   3 · s · e^clamp(o₃, −4, 4), 3 · s · e^clamp(o₄, −4, 4)
 *
 * map         f32 [height] rows, `rowBytes` apart, of [width][16]; the first cell
 * candidates  f32 [n][score, left, top, right, bottom], written row by row
 *
 * In float64, rounded once. @returns the end of the candidates. Reference: test/reference/finder.ts.
 */
export function decode(
  map: usize,
  rowBytes: usize,
  width: i32,
  height: i32,
  stride: i32,
  minScore: f64,
  minLogit: f32,
  candidates: usize,
): usize {
  const s = <f64>stride;
  for (let j = 0; j < height; j++) {
    let cell = map;
    for (let i = 0; i < width; i++, cell += 64) {
      const logit = load<f32>(cell);
      if (!(logit >= minLogit)) continue;
      const score = <f32>(1.0 / (1.0 + Math.exp(-(<f64>logit))));
      if (!(<f64>score >= minScore)) continue;
      const x = (<f64>i + 0.5 + <f64>load<f32>(cell, 4)) * s;
      const y = (<f64>j + 0.5 + <f64>load<f32>(cell, 8)) * s;
      const halfWidth = halfSide(load<f32>(cell, 12), s);
      const halfHeight = halfSide(load<f32>(cell, 16), s);
      store<f32>(candidates, score);
      store<f32>(candidates, <f32>(x - halfWidth), 4);
      store<f32>(candidates, <f32>(y - halfHeight), 8);
      store<f32>(candidates, <f32>(x + halfWidth), 12);
      store<f32>(candidates, <f32>(y + halfHeight), 16);
      candidates += 20;
    }
    map += rowBytes;
  }
  return candidates;
}


@inline
function halfSide(output: f32, stride: f64): f64 {
  return 1.5 * stride * Math.exp(<f64>min<f32>(max<f32>(output, -4), 4));
}
