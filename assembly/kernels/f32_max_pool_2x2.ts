/**
 * The maximum over 2×2 pixels:
 *
 *   output[y][x][c] = max input[2y + {0, 1}][2x + {0, 1}][c]
 *
 * input      f32 [2·height] rows, `inputRow` bytes apart, of [2·width][channels]; the first pixel
 * output     f32 [height] rows, `outputRow` bytes apart, of [width][channels]; the first pixel
 *
 * Four channels a step. Preconditions: channels a multiple of 4, finite input. Reference: test/reference/network.ts.
 */
export function f32_max_pool_2x2(
  input: usize,
  inputRow: usize,
  output: usize,
  outputRow: usize,
  width: i32,
  height: i32,
  channels: i32,
): void {
  const pixel = <usize>(channels * 4);
  for (let y = 0; y < height; y++) {
    let source = input;
    for (let out = output, end = output + <usize>width * pixel; out < end; out += pixel) {
      for (let c: usize = 0; c < pixel; c += 16, source += 16) {
        const upper = f32x4.pmax(v128.load(source), v128.load(source + pixel));
        const lower = f32x4.pmax(v128.load(source + inputRow), v128.load(source + inputRow + pixel));
        v128.store(out + c, f32x4.pmax(upper, lower));
      }
      source += pixel;
    }
    input += 2 * inputRow;
    output += outputRow;
  }
}
