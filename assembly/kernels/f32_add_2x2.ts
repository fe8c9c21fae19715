/**
 * Adds a pixel to each of 2×2, in place:
 *
 *   output[y][x][c] += input[c]                                            y, x = 0, 1
 *
 * input      f32 [channels]
 * output     f32 [2] rows, `row` bytes apart, of [2][channels]
 *
 * Four channels a step. Preconditions: channels a multiple of 4. Reference: test/reference/finder.ts.
 */
export function f32_add_2x2(input: usize, output: usize, row: usize, channels: i32): void {
  const pixel = <usize>(channels * 4);
  for (const end = input + pixel; input < end; input += 16, output += 16) {
    const v = v128.load(input);
    const below = output + row;
    v128.store(output, f32x4.add(v128.load(output), v));
    v128.store(output + pixel, f32x4.add(v128.load(output + pixel), v));
    v128.store(below, f32x4.add(v128.load(below), v));
    v128.store(below + pixel, f32x4.add(v128.load(below + pixel), v));
  }
}
