/**
 * How much five points look like a face that was found well. The formulas and their constants were fitted on the
 * validation faces (weights/train/SCORE.md tells how, and what they can and can't do). The code uses numbers and loops
 * rather than arrays of points, because it runs once per face beside a network of 0.2 ms.
 */

/** The mean face of the fit: x and y of five points, centred, of size 1; symmetric. */
const TEMPLATE: readonly number[] = [-0.78, -0.868, 0.78, -0.868, 0, 0.075, -0.668, 0.83, 0.668, 0.83];
const TEMPLATE_POWER = TEMPLATE.reduce((sum, v) => sum + v * v, 0);

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** The mean of the five points' x (`axis` 0) or y (1). */
function mean(normalized: ArrayLike<number>, axis: 0 | 1): number {
  let sum = 0;
  for (let i = axis; i < 10; i += 2) sum += normalized[i]!;
  return sum / 5;
}

/** Σ |p − centroid|² over the five points: five times the square of their size. */
function power(normalized: ArrayLike<number>, x: number, y: number): number {
  let sum = 0;
  for (let i = 0; i < 10; i += 2) sum += (normalized[i]! - x) ** 2 + (normalized[i + 1]! - y) ** 2;
  return sum;
}

/** The angle from the vector (ax, ay) to (bx, by), without its sign: |arg(b · ā)| of complex numbers. */
function angleBetween(ax: number, ay: number, bx: number, by: number): number {
  return Math.abs(Math.atan2(by * ax - bx * ay, bx * ax + by * ay));
}

/**
 * The score of one pass, from the shape and the position of the points alone.
 * @param normalized the network's ten outputs, x and y in 0..1 of the crop
 * @returns 0..1
 */
export function plausibility(normalized: ArrayLike<number>): number {
  const x = mean(normalized, 0);
  const y = mean(normalized, 1);
  const spread = power(normalized, x, y);
  const eyesX = normalized[2]! - normalized[0]!;
  const eyesY = normalized[3]! - normalized[1]!;
  if (spread === 0 || (eyesX === 0 && eyesY === 0)) return 0;
  // Between the line of the eyes and that of the mouth.
  const twist = angleBetween(eyesX, eyesY, normalized[8]! - normalized[6]!, normalized[9]! - normalized[7]!);
  // Between the normal of the line of the eyes and the face's axis, from between the eyes to between the mouth's corners.
  const axisX = normalized[6]! + normalized[8]! - normalized[0]! - normalized[2]!;
  const axisY = normalized[7]! + normalized[9]! - normalized[1]! - normalized[3]!;
  const skew = angleBetween(-eyesY, eyesX, axisX, axisY);
  const offCentre = Math.hypot(x - 0.5, y - 0.55);
  // The least-squares similarity on to the template t is one complex factor, a = Σ p · t̄ / Σ |t|².
  let re = 0;
  let im = 0;
  for (let i = 0; i < 10; i += 2) {
    const px = normalized[i]! - x;
    const py = normalized[i + 1]! - y;
    re += px * TEMPLATE[i]! + py * TEMPLATE[i + 1]!;
    im += py * TEMPLATE[i]! - px * TEMPLATE[i + 1]!;
  }
  const fitted = (re * re + im * im) / TEMPLATE_POWER; // Σ |a · t|²
  if (fitted === 0) return 0;
  const residual = Math.sqrt((Math.max(0, spread - fitted) / 5) * (TEMPLATE_POWER / fitted));
  const logSize = Math.log(Math.sqrt(spread / 5));
  return sigmoid(
    5.092 +
      1.073 * logSize -
      11.947 * (logSize + 1.5) ** 2 -
      29.417 * twist -
      8.621 * skew -
      25.644 * offCentre -
      35.955 * Math.max(0, residual - 0.3),
  );
}
