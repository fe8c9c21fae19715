/**
 * How an activation map lies in memory: f32 [rows][pixels][channels], its pixels up to the last tile's edge and a border of one
 * pixel on all sides. Tiles of 3 and of 6 pixels cover it, so what is stored of it is a multiple of 6 pixels wide and high.
 *
 * Zeros in the border and beyond the last pixel are the padding of the convolution that reads the map.
 */

@inline
function tiled(side: i32): i32 {
  return ((side + 5) / 6) * 6;
}

/** Bytes of a row. */
@inline
export function mapRow(width: i32, channels: i32): usize {
  return <usize>((tiled(width) + 2) * channels * 4);
}

/** Rows. */
@inline
export function mapRows(height: i32): i32 {
  return tiled(height) + 2;
}

/** Makes zeros of all that is stored of a map beyond its pixels. */
export function clearAround(map: usize, width: i32, height: i32, channels: i32): void {
  const pixel = <usize>(channels * 4);
  const row = mapRow(width, channels);
  const inside = <usize>width * pixel;
  clear(map, map + row + pixel); // up to the first pixel
  map += row + pixel;
  for (let y = 1; y < height; y++, map += row) clear(map + inside, map + row); // from a row's last pixel to the next one's first
  clear(map + inside, map - pixel + <usize>(mapRows(height) - height) * row);
}


@inline
function clear(at: usize, end: usize): void {
  for (; at < end; at += 16) v128.store(at, i32x4.splat(0));
}
