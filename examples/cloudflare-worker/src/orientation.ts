/** Which way up an image is: EXIF's tag 0112 (CIPA DC-008, 4.6.4) in its TIFF structure (4.5), and what it does to pixels. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly format: "rgb" | "rgba";
}

/** The orientation in a TIFF structure with EXIF tags; upright where it isn't one. */
export function exifOrientation(tiff: Uint8Array): number {
  const order = String.fromCharCode(...tiff.subarray(0, 2));
  if (tiff.length < 8 || (order !== "II" && order !== "MM")) return 1;
  const little = order === "II";
  const data = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const directory = data.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = Math.min(data.getUint16(directory, little), Math.floor((tiff.length - directory - 2) / 12));
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (data.getUint16(entry, little) !== 0x0112) continue;
    const value = data.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Rotates and mirrors by EXIF's orientation; the pixels are copied. */
export function upright({ data, width, height, format }: Pixels, orientation: number): Pixels {
  if (orientation === 1) return { data: data.slice(), width, height, format };
  const last = width * height - 1;
  // Where the first pixel comes from, and how far apart its neighbours in the row and in the column are.
  const [first, right, down] = [
    [0, 1, width],
    [width - 1, -1, width],
    [last, -1, -width],
    [last - width + 1, 1, -width],
    [0, width, 1],
    [last - width + 1, -width, 1],
    [last, -width, -1],
    [width - 1, width, -1],
  ][orientation - 1] as [number, number, number];
  const [outWidth, outHeight] = orientation < 5 ? [width, height] : [height, width];
  const channels = format.length;
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < outHeight; y++) {
    let from = (first + y * down) * channels;
    for (let x = 0; x < outWidth; x++, from += right * channels) {
      for (let c = 0; c < channels; c++) out[to++] = data[from + c]!;
    }
  }
  return { data: out, width: outWidth, height: outHeight, format };
}
