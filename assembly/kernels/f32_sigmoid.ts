/**
 * y = 1 / (1 + e^−x), element by element, in float64 and rounded once: ten numbers per face.
 * Beyond ±88 the result is 0 or 1 without overflow to NaN, but ±∞, which only an overflow before it leaves, gives NaN.
 * Reference: test/reference/network.ts.
 */
export function f32_sigmoid(input: usize, output: usize, count: i32): void {
  const end = input + ((<usize>count) << 2);
  for (; input < end; input += 4, output += 4) {
    const x = <f64>load<f32>(input);
    store<f32>(output, <f32>(1.0 / (1.0 + Math.exp(-x)) + (x - x)));
  }
}
