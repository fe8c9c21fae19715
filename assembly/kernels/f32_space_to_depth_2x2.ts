/**
 * Two by two pixels of bytes become one of twelve floats:
 *
 *   output[y][x][4·c + 2·dy + dx] = input[2y + dy][2x + dx][c]
 *
 * input      u8 [2·height][2·width][3], rows without gap; two bytes beyond it are read
 * output     f32 [height] rows, `rowBytes` apart, of [width][12]; the first pixel
 *
 * Reference: test/reference/finder.ts.
 */
export function f32_space_to_depth_2x2(
  input: usize,
  width: i32,
  height: i32,
  output: usize,
  rowBytes: usize,
): void {
  const inputRow = <usize>(width * 6);
  for (let y = 0; y < height; y++) {
    let out = output;
    for (const end = input + inputRow; input < end; input += 6) {
      const upper = v128.load64_zero(input);
      const lower = v128.load64_zero(input + inputRow);
      const bytes = i8x16.shuffle(upper, lower, 0, 3, 16, 19, 1, 4, 17, 20, 2, 5, 18, 21, 6, 6, 6, 6);
      const redGreen = i16x8.extend_low_i8x16_u(bytes);
      const blue = i16x8.extend_high_i8x16_u(bytes);
      v128.store(out, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(redGreen)));
      v128.store(out, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(redGreen)), 16);
      v128.store(out, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(blue)), 32);
      out += 48;
    }
    input += inputRow;
    output += rowBytes;
  }
}
