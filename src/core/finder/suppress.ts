/** Boxes that one cell of the network each proposes, best first, without those that a better one covers. */

/** Of two boxes that share more than this part of their union, the one with the lower score goes. */
const MOST_OVERLAP = 0.45;
/** Candidates that are looked at: the time grows with their square. */
const MOST_CANDIDATES = 600;
/** Numbers of a candidate: score, left, top, right, bottom. */
export const CANDIDATE = 5;

const overlap = (a: Float32Array, b: Float32Array): number => {
  const width = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  const height = Math.min(a[4]!, b[4]!) - Math.max(a[2]!, b[2]!);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Float32Array) => (box[3]! - box[1]!) * (box[4]! - box[2]!);
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
};

/**
 * Greedy non-maximum suppression.
 * @param candidates `CANDIDATE` numbers each; of equal scores the earlier one is better
 */
export function suppress(candidates: Float32Array): Float32Array[] {
  const boxes = Array.from({ length: candidates.length / CANDIDATE }, (_, i) =>
    candidates.subarray(i * CANDIDATE, (i + 1) * CANDIDATE),
  );
  boxes.sort((a, b) => b[0]! - a[0]!);
  const kept: Float32Array[] = [];
  for (const box of boxes.slice(0, MOST_CANDIDATES)) {
    if (kept.every((better) => overlap(better, box) <= MOST_OVERLAP)) kept.push(box);
  }
  return kept;
}
