/**
 * The input stage: x′ = x · scale[c] + shift[c], bytes to floats, with a fourth channel of zeros: a pixel is a vector.
 *
 * input   u8  [height][width][3], BGR, rows without gap; four bytes beyond it are read
 * params  f32 scale[4], shift[4], the fourth of both is 0
 * output  f32 [height+2][width+2][4]; the interior is written, the border stays zero for the convolution that follows
 *
 * A step takes four pixels, twelve bytes. Preconditions: width a multiple of 4. Reference: test/reference/network.ts.
 */
import { madd } from "../simd";

export function f32_affine_input(input: usize, params: usize, output: usize, width: i32, height: i32): void {
  const scale = v128.load(params);
  const shift = v128.load(params, 16);
  const zero = i8x16.splat(0);
  let out = output + <usize>(width + 3) * 16;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += 4) {
      const bytes = v128.load(input);
      const a = i8x16.shuffle(bytes, zero, 0, 16, 16, 16, 1, 16, 16, 16, 2, 16, 16, 16, 16, 16, 16, 16);
      const b = i8x16.shuffle(bytes, zero, 3, 16, 16, 16, 4, 16, 16, 16, 5, 16, 16, 16, 16, 16, 16, 16);
      const c = i8x16.shuffle(bytes, zero, 6, 16, 16, 16, 7, 16, 16, 16, 8, 16, 16, 16, 16, 16, 16, 16);
      const d = i8x16.shuffle(bytes, zero, 9, 16, 16, 16, 10, 16, 16, 16, 11, 16, 16, 16, 16, 16, 16, 16);
      v128.store(out, madd(f32x4.convert_i32x4_s(a), scale, shift));
      v128.store(out, madd(f32x4.convert_i32x4_s(b), scale, shift), 16);
      v128.store(out, madd(f32x4.convert_i32x4_s(c), scale, shift), 32);
      v128.store(out, madd(f32x4.convert_i32x4_s(d), scale, shift), 48);
      input += 12;
      out += 64;
    }
    out += 2 * 16;
  }
}
