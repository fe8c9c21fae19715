/**
 * How much five points look like a face.
 */

// The five points of a frontal face, centred and of unit norm: ArcFace's 112×112 template.
const TEMPLATE = unit([
  38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041,
]);

function unit(points: ArrayLike<number>): number[] {
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < 10; i += 2) {
    meanX += points[i]! / 5;
    meanY += points[i + 1]! / 5;
  }
  const centred = Array.from(points, (v, i) => v - (i % 2 ? meanY : meanX));
  const norm = Math.hypot(...centred);
  return centred.map((v) => v / norm);
}

/**
 * Distance of the points' shape from the template's after the best similarity (translation, rotation, scale), 0..1:
 * with both centred, of unit norm and read as complex numbers it is sqrt(1 − |⟨t, p⟩|²).
 */
export function shapeResidual(points: ArrayLike<number>): number {
  const p = unit(points);
  let re = 0;
  let im = 0;
  for (let i = 0; i < 10; i += 2) {
    re += TEMPLATE[i]! * p[i]! + TEMPLATE[i + 1]! * p[i + 1]!;
    im += TEMPLATE[i]! * p[i + 1]! - TEMPLATE[i + 1]! * p[i]!;
  }
  return Math.sqrt(Math.max(0, 1 - re * re - im * im));
}

/** 0..1, from the residual of the shape. */
export const plausibility = (normalized: ArrayLike<number>): number =>
  Math.exp(-((shapeResidual(normalized) / 0.3) ** 2));
