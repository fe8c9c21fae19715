/**
 * The direct layers in float32, rounding after each operation in the order that the kernels state: the plain tier equals
 * them bit for bit.
 */
const f = Math.fround;

/** max(v, 0) + slope · min(v, 0). */
const prelu = (v: number, slope: number) => f(Math.max(v, 0) + f(slope * Math.min(v, 0)));

export interface Params {
  readonly bias: Float32Array;
  readonly slope: number;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

const finish = (v: number, c: number, { scale, shift }: Params) => f(f(v * scale[c]!) + shift[c]!);

/** map [size+2][size+2][IC], weight [OC][IC][3][3] → channel-major planes. Bias, then row, column, input channel. */
export function conv3x3Single(
  map: Float32Array,
  size: number,
  weight: Float32Array,
  params: Params,
  pooled: boolean,
): Float32Array {
  const outputs = params.bias.length;
  const inputs = weight.length / outputs / 9;
  const pixel = (o: number, y: number, x: number) => {
    let sum = params.bias[o]!;
    for (let ky = 0; ky < 3; ky++) {
      for (let kx = 0; kx < 3; kx++) {
        for (let i = 0; i < inputs; i++) {
          const v = map[((y + ky) * (size + 2) + x + kx) * inputs + i]!;
          sum = f(sum + f(v * weight[((o * inputs + i) * 3 + ky) * 3 + kx]!));
        }
      }
    }
    return prelu(sum, params.slope);
  };
  const step = pooled ? 2 : 1;
  const side = size / step;
  return Float32Array.from({ length: outputs * side * side }, (_, n) => {
    const x = (n % side) * step;
    const y = (Math.floor(n / side) % side) * step;
    const o = Math.floor(n / side / side);
    const v = pooled
      ? Math.max(
          Math.max(pixel(o, y, x), pixel(o, y, x + 1)),
          Math.max(pixel(o, y + 1, x), pixel(o, y + 1, x + 1)),
        )
      : pixel(o, y, x);
    return finish(v, o, params);
  });
}

/** weight [OUT][IN]. Bias, then input by input. */
export const denseSingle = (input: Float32Array, weight: Float32Array, params: Params): Float32Array =>
  params.bias.map((bias, o) => {
    let sum = bias;
    input.forEach((v, i) => {
      sum = f(sum + f(v * weight[o * input.length + i]!));
    });
    return finish(prelu(sum, params.slope), o, params);
  });

/** input and weight [C][36]. Bias, then row by row. */
export const depthwiseSingle = (input: Float32Array, weight: Float32Array, params: Params): Float32Array =>
  params.bias.map((bias, c) => {
    let sum = bias;
    for (let i = 0; i < 36; i++) sum = f(sum + f(input[c * 36 + i]! * weight[c * 36 + i]!));
    return finish(prelu(sum, params.slope), c, params);
  });
