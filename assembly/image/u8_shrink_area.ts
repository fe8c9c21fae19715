/**
 * Shrinks an image of any format by area: an output pixel is the mean of the rectangle of the image that it covers, pixels on
 * the rectangle's edge weighted by what of them lies inside, as OpenCV's `resize(…, INTER_AREA)` defines it.
 *
 * Output i of n, along an axis of `size` pixels of which every `step`-th is read (sample j stands for `step` of them):
 *
 *   first(i) = ⌊i · size / (n · step)⌋,  last(i) = ⌈(i + 1) · size / (n · step)⌉ − 1
 *   weight(j) = R(j + 1) − R(j),         R(j) = round(2¹⁴ · clamp(j · step · n − i · size, 0, size) / size)
 *
 * so the weights of an output always sum to 2¹⁴. Down the columns first, on bytes whatever they mean, then along the row:
 *
 *   column(x) = Σ weight · row(x) + 2⁶ ≫ 7          in 1/128 of a level
 *   pixel     = Σ weight · column + 2²⁰ ≫ 21
 *
 * Each weight is off by less than 2⁻¹⁴, so of m × k samples the mean is off by less than 255 · (m + k) · 2⁻¹⁴ + 2⁻⁸ levels before
 * it is rounded. The caller brings the rows that an output row needs, so that an image of any size passes through a few of them.
 *
 * rows     u8 samples of an image's rows in 8 slots, row j in slot j mod 8; up to 15 bytes beyond a row are read
 * taps     i32 [pairs][upper row, lower row, weights], filled by `rowTaps`, read by `shrinkColumns`
 * columns  i16 one row, each byte of `rows` × 128; up to 15 bytes beyond are read
 * table    i32 for each output column: first byte of `columns`, number of pairs, their weights; filled by `columnTaps`
 * order    bytes of a pixel that hold blue, green and red, from the lowest byte
 * output   u8 [width][3], RGB; a fourth byte behind the last pixel becomes 0
 *
 * Reference: OpenCV itself (test/fixtures/make_shrink.py) and test/reference/shrink.ts.
 */

const ONE: f64 = 16384;
/** Slots of rows: fewer than 6 rows an output row touch at most 7. */
const SLOTS = 8;

const ROUND_COLUMNS: usize = memory.data<i32>([64, 64, 64, 64], 16);
const ROUND_PIXELS: usize = memory.data<i32>([1 << 20, 1 << 20, 1 << 20, 1 << 20], 16);

/** R(j) for output i. */
@inline
function edge(j: i32, step: i32, i: i32, n: i32, size: f64): i32 {
  const position = <f64>j * <f64>step * <f64>n - <f64>i * size;
  return <i32>floor<f64>((ONE * min<f64>(max<f64>(position, 0), size)) / size + 0.5);
}


@inline
function firstSample(i: i32, n: i32, size: f64, step: i32): i32 {
  return <i32>floor<f64>((<f64>i * size) / (<f64>n * <f64>step));
}

/** One more than the last. */
@inline
function endSample(i: i32, n: i32, size: f64, step: i32): i32 {
  return <i32>ceil<f64>((<f64>(i + 1) * size) / (<f64>n * <f64>step));
}

/** Lists the pairs of rows of output row `y`, their weights side by side. Returns the end of the list. */
export function rowTaps(
  taps: usize,
  rows: usize,
  slotBytes: i32,
  y: i32,
  height: i32,
  size: f64,
  step: i32,
): usize {
  const end = endSample(y, height, size, step);
  for (let j = firstSample(y, height, size, step); j < end; j += 2) {
    const upper = edge(j, step, y, height, size);
    const middle = edge(j + 1, step, y, height, size);
    const lower = edge(j + 2, step, y, height, size); // behind the last row it weighs nothing
    store<usize>(taps, rows + <usize>((j & (SLOTS - 1)) * slotBytes));
    store<usize>(taps, rows + <usize>(((j + 1) & (SLOTS - 1)) * slotBytes), 4);
    store<i32>(taps, (middle - upper) | ((lower - middle) << 16), 8);
    taps += 12;
  }
  return taps;
}

/** The weighted sum of rows, byte by byte. */
export function shrinkColumns(taps: usize, tapsEnd: usize, bytes: i32, columns: usize): void {
  for (let x: usize = 0; x < <usize>bytes; x += 16) {
    let a = v128.load(ROUND_COLUMNS);
    let b = a;
    let c = a;
    let d = a;
    for (let t = taps; t < tapsEnd; t += 12) {
      const upper = v128.load(load<usize>(t) + x);
      const lower = v128.load(load<usize>(t, 4) + x);
      const weights = v128.load32_splat(t, 8);
      const left = i8x16.shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(left), weights));
      b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(left), weights));
      c = i32x4.add(c, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(right), weights));
      d = i32x4.add(d, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(right), weights));
    }
    v128.store(columns, i16x8.narrow_i32x4_s(i32x4.shr_s(a, 7), i32x4.shr_s(b, 7)));
    v128.store(columns, i16x8.narrow_i32x4_s(i32x4.shr_s(c, 7), i32x4.shr_s(d, 7)), 16);
    columns += 32;
  }
}

/** Lists, for each output column, its pairs of samples and their weights side by side. */
export function columnTaps(table: usize, width: i32, size: f64, step: i32, pixelBytes: i32): void {
  for (let x = 0; x < width; x++) {
    const first = firstSample(x, width, size, step);
    const end = endSample(x, width, size, step);
    store<i32>(table, first * pixelBytes * 2);
    store<i32>(table, (end - first + 1) >> 1, 4);
    table += 8;
    for (let j = first; j < end; j += 2) {
      const left = edge(j, step, x, width, size);
      const middle = edge(j + 1, step, x, width, size);
      const right = edge(j + 2, step, x, width, size);
      store<i32>(table, (middle - left) | ((right - middle) << 16));
      table += 4;
    }
  }
}

/** Which bytes of two samples of `columns` are the red, green and blue of both, side by side: r r′ g g′ b b′. */
@inline
function interleaved(order: i32, pixelBytes: i32): v128 {
  const blue = (order & 255) * 2;
  const green = ((order >> 8) & 255) * 2;
  const red = ((order >> 16) & 255) * 2;
  const next = pixelBytes * 2;
  let lanes = i16x8.splat(-1); // beyond 15: nought
  lanes = i16x8.replace_lane(lanes, 0, <i16>(red | ((red + 1) << 8)));
  lanes = i16x8.replace_lane(lanes, 1, <i16>((red + next) | ((red + next + 1) << 8)));
  lanes = i16x8.replace_lane(lanes, 2, <i16>(green | ((green + 1) << 8)));
  lanes = i16x8.replace_lane(lanes, 3, <i16>((green + next) | ((green + next + 1) << 8)));
  lanes = i16x8.replace_lane(lanes, 4, <i16>(blue | ((blue + 1) << 8)));
  return i16x8.replace_lane(lanes, 5, <i16>((blue + next) | ((blue + next + 1) << 8)));
}

/** The weighted sums along a row: the output's. */
export function shrinkRow(
  columns: usize,
  table: usize,
  width: i32,
  pixelBytes: i32,
  order: i32,
  output: usize,
): void {
  const interleave = interleaved(order, pixelBytes);
  const pair: usize = pixelBytes * 4;
  const zero = i32x4.splat(0);
  for (const end = output + <usize>(width * 3); output < end; output += 3) {
    let source = columns + load<i32>(table);
    const pairs = load<i32>(table, 4);
    table += 8;
    let sum = v128.load(ROUND_PIXELS);
    for (const last = table + <usize>(pairs << 2); table < last; table += 4) {
      const samples = i8x16.swizzle(v128.load(source), interleave);
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(samples, v128.load32_splat(table)));
      source += pair;
    }
    const pixel = i16x8.narrow_i32x4_s(i32x4.shr_s(sum, 21), zero);
    v128.store32_lane(output, i8x16.narrow_i16x8_u(pixel, zero), 0);
  }
}
