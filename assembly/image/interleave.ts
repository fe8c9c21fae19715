/** Where the bytes of two neighbouring pixels go: a channel's left and right byte side by side, each widened. */
export function interleaved(order: u32, channels: i32, pixelBytes: i32): v128 {
  let bytes = i8x16.splat(-1);
  for (let c = 3; c >= 0; c--) {
    // From the last lane to the first: the lanes move up by one channel as each is put in.
    bytes = i8x16.shuffle(bytes, bytes, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    const from = c < channels ? <i32>((order >> (c << 3)) & 255) : -1;
    bytes = i8x16.replace_lane(bytes, 0, <i8>from);
    bytes = i8x16.replace_lane(bytes, 1, -1);
    bytes = i8x16.replace_lane(bytes, 2, <i8>(from < 0 ? -1 : from + pixelBytes));
    bytes = i8x16.replace_lane(bytes, 3, -1);
  }
  return bytes;
}
