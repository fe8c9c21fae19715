/**
 * Winograd's convolution F(m×m, 3×3) in float64 by its definition, Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A, from the matrices as
 * printed in Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), and in wincnn.
 */
export type Matrix = readonly (readonly number[])[];

interface Algorithm {
  readonly BT: Matrix;
  readonly G: Matrix;
  readonly AT: Matrix;
}

export const WINOGRAD: { readonly [m: number]: Algorithm } = {
  3: {
    BT: [
      [2, -1, -2, 1, 0],
      [0, -2, -1, 1, 0],
      [0, 2, -3, 1, 0],
      [0, -1, 0, 1, 0],
      [0, 2, -1, -2, 1],
    ],
    G: [
      [1 / 2, 0, 0],
      [-1 / 2, -1 / 2, -1 / 2],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 6, 1 / 3, 2 / 3],
      [0, 0, 1],
    ],
    AT: [
      [1, 1, 1, 1, 0],
      [0, 1, -1, 2, 0],
      [0, 1, 1, 4, 1],
    ],
  },
  4: {
    BT: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    G: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    AT: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, -1, 8, -8, 1],
    ],
  },
  6: {
    BT: [
      [1, 0, -21 / 4, 0, 21 / 4, 0, -1, 0],
      [0, 1, 1, -17 / 4, -17 / 4, 1, 1, 0],
      [0, -1, 1, 17 / 4, -17 / 4, -1, 1, 0],
      [0, 1 / 2, 1 / 4, -5 / 2, -5 / 4, 2, 1, 0],
      [0, -1 / 2, 1 / 4, 5 / 2, -5 / 4, -2, 1, 0],
      [0, 2, 4, -5 / 2, -5, 1 / 2, 1, 0],
      [0, -2, 4, 5 / 2, -5, -1 / 2, 1, 0],
      [0, -1, 0, 21 / 4, 0, -21 / 4, 0, 1],
    ],
    G: [
      [1, 0, 0],
      [-2 / 9, -2 / 9, -2 / 9],
      [-2 / 9, 2 / 9, -2 / 9],
      [1 / 90, 1 / 45, 2 / 45],
      [1 / 90, -1 / 45, 2 / 45],
      [1 / 45, 1 / 90, 1 / 180],
      [1 / 45, -1 / 90, 1 / 180],
      [0, 0, 1],
    ],
    AT: [
      [1, 1, 1, 1, 1, 32, 32, 0],
      [0, 1, -1, 2, -2, 16, -16, 0],
      [0, 1, 1, 4, 4, 8, 8, 0],
      [0, 1, -1, 8, -8, 4, -4, 0],
      [0, 1, 1, 16, 16, 2, 2, 0],
      [0, 1, -1, 32, -32, 1, -1, 1],
    ],
  },
};

export const absolute = (matrix: Matrix): Matrix => matrix.map((row) => row.map(Math.abs));

const transpose = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));

const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * b[k]![j]!, 0)));

/** T x Tᵀ: each of the three transforms. */
export const transform2d = (T: Matrix, x: Matrix): Matrix => multiply(multiply(T, x), transpose(T));

/**
 * The convolution of a padded plane, channel-major as conv3x3 of network.ts. With the absolute values of matrices, input
 * and weight it gives Σ|terms|: what a rounding error anywhere in the algorithm is relative to.
 */
export function winograd3x3(
  m: number,
  { BT, G, AT }: Algorithm,
  input: ArrayLike<number>,
  size: number,
  weight: ArrayLike<number>,
  outputs: number,
): Float64Array {
  const inputs = weight.length / outputs / 9;
  const out = new Float64Array(outputs * size * size);
  const pixel = (i: number, y: number, x: number) =>
    y < 0 || x < 0 || y >= size || x >= size ? 0 : input[(i * size + y) * size + x]!;
  const square = (n: number, value: (y: number, x: number) => number): Matrix =>
    Array.from({ length: n }, (_, y) => Array.from({ length: n }, (_, x) => value(y, x)));
  const filters = Array.from({ length: outputs * inputs }, (_, f) =>
    transform2d(
      G,
      square(3, (y, x) => weight[f * 9 + y * 3 + x]!),
    ),
  );
  for (let ty = 0; ty < size; ty += m) {
    for (let tx = 0; tx < size; tx += m) {
      const tiles = Array.from({ length: inputs }, (_, i) =>
        transform2d(
          BT,
          square(m + 2, (y, x) => pixel(i, ty + y - 1, tx + x - 1)),
        ),
      );
      for (let o = 0; o < outputs; o++) {
        const product = square(m + 2, (y, x) =>
          tiles.reduce((sum, tile, i) => sum + tile[y]![x]! * filters[o * inputs + i]![y]![x]!, 0),
        );
        const result = transform2d(AT, product);
        result.forEach((row, y) => {
          row.forEach((v, x) => {
            out[(o * size + ty + y) * size + tx + x] = v;
          });
        });
      }
    }
  }
  return out;
}
