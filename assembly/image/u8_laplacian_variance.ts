/**
 * How sharp an image is: the variance of the Laplacian of its luma, as OpenCV's `Laplacian(grey, CV_64F)` gives it for
 * `grey = cvtColor(image, COLOR_BGR2GRAY)`.
 *
 *   grey = (9798 · red + 19235 · green + 3735 · blue + 2¹⁴) ≫ 15
 *   L(x, y) = grey(x − 1, y) + grey(x + 1, y) + grey(x, y − 1) + grey(x, y + 1) − 4 · grey(x, y)
 *   variance = (n · Σ L² − (Σ L)²) / n², n = columns · rows
 *
 * Beyond an edge the image is mirrored about the edge's pixels (BORDER_REFLECT_101). All of it is in whole numbers but for the last
 * division: the variance is the nearest f64 to the true one.
 *
 * pixels  u8 [rows][columns][pixelBytes]; a grey image has one byte, which stands for all three colours
 * order   the offsets of blue, green and red in a pixel, from the lowest byte
 * grey    u8 [rows + 2][columns + 2], to work in
 *
 * columns is a multiple of 8 and rows at least 2. n ≤ 16,384: |L| ≤ 1020, so a quarter of all L² sums up to less than 2³².
 *
 * Reference: OpenCV itself (test/fixtures/make_blurriness.py).
 */
export function laplacianVariance(
  pixels: usize,
  columns: i32,
  rows: i32,
  pixelBytes: i32,
  order: u32,
  grey: usize,
): f64 {
  const stride = <usize>columns + 2;
  greyInto(pixels, columns, rows, pixelBytes, order, grey);
  let sum = i32x4.splat(0);
  let squares = sum;
  for (let y = 0; y < rows; y++) {
    // The pixel above the first of eight; those beside them begin a row further on.
    let at = grey + <usize>y * stride + 1;
    for (const end = at + <usize>columns; at < end; at += 8) {
      const sides = i16x8.add(widened(at + stride - 1), widened(at + stride + 1));
      const ends = i16x8.add(widened(at), widened(at + 2 * stride));
      const centre = i16x8.shl(widened(at + stride), 2);
      const laplacian = i16x8.sub(i16x8.add(sides, ends), centre);
      sum = i32x4.add(sum, i32x4.dot_i16x8_s(laplacian, i16x8.splat(1)));
      squares = i32x4.add(squares, i32x4.dot_i16x8_s(laplacian, laplacian));
    }
  }
  const n = <f64>(columns * rows);
  const total =
    i32x4.extract_lane(sum, 0) +
    i32x4.extract_lane(sum, 1) +
    i32x4.extract_lane(sum, 2) +
    i32x4.extract_lane(sum, 3);
  const power =
    <f64>(<u32>i32x4.extract_lane(squares, 0)) +
    <f64>(<u32>i32x4.extract_lane(squares, 1)) +
    <f64>(<u32>i32x4.extract_lane(squares, 2)) +
    <f64>(<u32>i32x4.extract_lane(squares, 3));
  return (n * power - <f64>total * <f64>total) / (n * n);
}

/** Eight bytes as 16-bit lanes. */
@inline
function widened(at: usize): v128 {
  return i16x8.extend_low_i8x16_u(v128.load64_zero(at));
}

/** The luma of the pixels, with a border of one pixel that mirrors them. */
function greyInto(pixels: usize, columns: i32, rows: i32, pixelBytes: i32, order: u32, grey: usize): void {
  const blue = <usize>(order & 255);
  const green = <usize>((order >> 8) & 255);
  const red = <usize>((order >> 16) & 255);
  const stride = <usize>columns + 2;
  let to = grey + stride + 1;
  for (let y = 0; y < rows; y++, to += 2) {
    const first = to;
    for (const end = first + <usize>columns; to < end; to++, pixels += pixelBytes) {
      const luma =
        9798 * <i32>load<u8>(pixels + red) +
        19235 * <i32>load<u8>(pixels + green) +
        3735 * <i32>load<u8>(pixels + blue);
      store<u8>(to, (luma + (1 << 14)) >> 15);
    }
    store<u8>(first - 1, load<u8>(first, 1));
    store<u8>(to, load<u8>(to - 2));
  }
  memory.copy(grey, grey + 2 * stride, stride);
  memory.copy(grey + (<usize>rows + 1) * stride, grey + (<usize>rows - 1) * stride, stride);
}
