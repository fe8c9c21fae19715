/**
 * How much five points look like a face that was found well. The formulas and their constants were fitted on the
 * validation faces (weights/train/SCORE.md tells how and what they can and can't do).
 */

type Complex = readonly [re: number, im: number];

/** The mean face of the fit: five points, centred, of size 1; symmetric. */
const TEMPLATE: readonly Complex[] = [
  [-0.78, -0.868],
  [0.78, -0.868],
  [0, 0.075],
  [-0.668, 0.83],
  [0.668, 0.83],
];
const TEMPLATE_POWER = TEMPLATE.reduce((sum, [x, y]) => sum + x * x + y * y, 0);

const subtract = ([a, b]: Complex, [c, d]: Complex): Complex => [a - c, b - d];
/** a · b̄ */
const timesConjugate = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c + b * d, b * c - a * d];
const angle = ([re, im]: Complex): number => Math.atan2(im, re);
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

function centre(normalized: ArrayLike<number>) {
  const points = Array.from({ length: 5 }, (_, k): Complex => [normalized[2 * k]!, normalized[2 * k + 1]!]);
  const mean = points.reduce(([a, b], [x, y]): Complex => [a + x / 5, b + y / 5], [0, 0] as Complex);
  const centred = points.map((point) => subtract(point, mean));
  const size = Math.sqrt(centred.reduce((sum, [x, y]) => sum + x * x + y * y, 0) / 5);
  return { mean, centred, size };
}

/**
 * The score of one pass, from the shape and the place of the points alone.
 * @param normalized the network's ten outputs, x and y in 0..1 of the crop
 * @returns 0..1
 */
export function plausibility(normalized: ArrayLike<number>): number {
  const { mean, centred, size } = centre(normalized);
  const [e0, e1, , m0, m1] = centred as unknown as [Complex, Complex, Complex, Complex, Complex];
  const eyeLine = subtract(e1, e0);
  if (size === 0 || (eyeLine[0] === 0 && eyeLine[1] === 0)) return 0;
  // Between the line of the eyes and that of the mouth.
  const twist = Math.abs(angle(timesConjugate(subtract(m1, m0), eyeLine)));
  // Between the face's axis and the normal of the line of the eyes, which is i times it.
  const axis: Complex = [(m0[0] + m1[0] - e0[0] - e1[0]) / 2, (m0[1] + m1[1] - e0[1] - e1[1]) / 2];
  const skew = Math.abs(angle(timesConjugate(axis, [-eyeLine[1], eyeLine[0]])));
  const offCentre = Math.hypot(mean[0] - 0.5, mean[1] - 0.55);
  // The least-squares similarity on to the template is one complex factor a.
  const products = centred.map((p, k) => timesConjugate(p, TEMPLATE[k]!));
  const a = products.reduce(([x, y], [re, im]): Complex => [x + re, y + im], [0, 0] as Complex);
  const power = (a[0] * a[0] + a[1] * a[1]) / TEMPLATE_POWER;
  if (power === 0) return 0;
  const residual = Math.sqrt(Math.max(0, (5 * size * size - power) / 5) / (power / TEMPLATE_POWER));
  const logSize = Math.log(size);
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

/** Which point of the mirrored face each point is. */
const MIRRORED = [1, 0, 2, 4, 3];

/**
 * The score of two passes: how well the answer to the mirrored crop agrees.
 * @param normalized the ten outputs for the crop
 * @param mirrored the ten outputs for the crop mirrored left to right
 * @returns 0..1
 */
export function agreement(normalized: ArrayLike<number>, mirrored: ArrayLike<number>): number {
  const { size } = centre(normalized);
  if (size === 0) return 0;
  let distance = 0;
  MIRRORED.forEach((from, k) => {
    const x = 1 - mirrored[2 * from]!;
    distance += Math.hypot(normalized[2 * k]! - x, normalized[2 * k + 1]! - mirrored[2 * from + 1]!) / 5;
  });
  return distance === 0 ? 1 : sigmoid(-11.339 - 4.466 * Math.log(distance / size));
}
