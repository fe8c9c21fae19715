/**
 * The input stage of an int8 network: bytes minus the channel's zero point, and a fourth channel that says where the
 * image is.
 *
 * input    u8  [height][width][3], BGR, rows without gap; 16 bytes beyond it are read
 * offsets  i16 zero[3], −inside, the same again
 * output   i16 [height+2][width/2+2][2][4]; the interior is written, the border stays zero for the convolution that follows
 *
 * A vector of the output is two pixels, half a row apart: vector i of a row is pixel i − 1 of its left half and of its right
 * half, so that a convolution of so few channels works on full vectors. The pixels at the seam are there twice. The fourth
 * channel is `inside` in the image and 0 around it; ../packing_int8.ts says what for.
 *
 * Preconditions: width a multiple of 8. Reference: test/reference/int8.ts.
 */
const PIXEL: usize = 8;
const VECTOR: usize = 16;

const COLOURS: usize = memory.data<i16>([-1, -1, -1, 0, -1, -1, -1, 0], 16);

/** Two pixels as int16, less their zero points. What lies in the fourth channel is dropped. */
@inline
function centred(pixels: v128, offset: v128): v128 {
  return i16x8.sub(v128.and(pixels, v128.load(COLOURS)), offset);
}

export function i16_input_pairs(input: usize, offsets: usize, output: usize, width: i32, height: i32): void {
  const offset = v128.load(offsets);
  const half: usize = width >> 1;
  const rowBytes = (half + 2) * VECTOR;
  let row = output + rowBytes;
  for (let y = 0; y < height; y++) {
    const last = row + half * VECTOR;
    for (let out = row + VECTOR; out <= last; out += 4 * VECTOR) {
      const left = v128.load(input);
      const right = v128.load(input + 3 * half);
      const ab = i8x16.shuffle(left, right, 0, 1, 2, 0, 16, 17, 18, 16, 3, 4, 5, 3, 19, 20, 21, 19);
      const cd = i8x16.shuffle(left, right, 6, 7, 8, 6, 22, 23, 24, 22, 9, 10, 11, 9, 25, 26, 27, 25);
      v128.store(out, centred(i16x8.extend_low_i8x16_u(ab), offset));
      v128.store(out, centred(i16x8.extend_high_i8x16_u(ab), offset), 16);
      v128.store(out, centred(i16x8.extend_low_i8x16_u(cd), offset), 32);
      v128.store(out, centred(i16x8.extend_high_i8x16_u(cd), offset), 48);
      input += 12;
    }
    input += 3 * half;
    // The first pixel of the right half borders on the left one, and the last pixel of the left half on the right one.
    store<u64>(last + VECTOR, load<u64>(row + VECTOR + PIXEL));
    store<u64>(row + PIXEL, load<u64>(last));
    row += rowBytes;
  }
}
