/**
 * The input stage of the int8 network: bytes minus the channel's zero point, and a fourth channel that says where the
 * picture is.
 *
 * input    u8  [48][48][3]            BGR crop, rows without gap; 16 bytes beyond it are read
 * offsets  i16 zero[3], −inside, the same again
 * output   i16 [50][26][2][4]         interior written; zero border of one pixel for conv1
 *
 * A vector of the output is two pixels, 24 apart: place i holds pixel i − 1 of the row's left half and of its right half,
 * so that conv1, which has so few channels, works on full vectors. The pixels at the seam are there twice. The fourth
 * channel is `inside` in the picture and 0 around it; pack_int8.ts tells what for.
 *
 * Reference: test/reference/int8.ts.
 */
const PIXEL: usize = 8;
const PLACE: usize = 16;
const ROW: usize = 26 * PLACE;

const COLOURS: usize = memory.data<i16>([-1, -1, -1, 0, -1, -1, -1, 0], 16);

/** Two pixels with the byte of the fourth channel, whatever it is, as int16. */
@inline
function place(pixels: v128, offset: v128): v128 {
  return i16x8.sub(v128.and(pixels, v128.load(COLOURS)), offset);
}

export function i16_input_pairs(input: usize, offsets: usize, output: usize): void {
  const offset = v128.load(offsets);
  let row = output + ROW;
  for (let y = 0; y < 48; y++) {
    for (let out = row + PLACE; out < row + 25 * PLACE; out += 4 * PLACE) {
      const left = v128.load(input);
      const right = v128.load(input, 72);
      const ab = i8x16.shuffle(left, right, 0, 1, 2, 0, 16, 17, 18, 16, 3, 4, 5, 3, 19, 20, 21, 19);
      const cd = i8x16.shuffle(left, right, 6, 7, 8, 6, 22, 23, 24, 22, 9, 10, 11, 9, 25, 26, 27, 25);
      v128.store(out, place(i16x8.extend_low_i8x16_u(ab), offset));
      v128.store(out, place(i16x8.extend_high_i8x16_u(ab), offset), 16);
      v128.store(out, place(i16x8.extend_low_i8x16_u(cd), offset), 32);
      v128.store(out, place(i16x8.extend_high_i8x16_u(cd), offset), 48);
      input += 12;
    }
    input += 72;
    // The left half's right neighbour and the right half's left one: pixels 24 and 23.
    store<u64>(row + 25 * PLACE, load<u64>(row + PLACE + PIXEL));
    store<u64>(row + PIXEL, load<u64>(row + 24 * PLACE));
    row += ROW;
  }
}
