import { FORMATS, type Pixels } from "./image.ts";

/**
 * Shrinks an image by area, as OpenCV's INTER_AREA defines it: each pixel becomes the mean over the rectangle that it covers.
 * Pixels keep their format.
 * @param to the size to shrink to, in pixels: at most the image's
 */
export function shrinkByArea(
  { data, width, height, format, stride }: Pixels,
  to: { readonly width: number; readonly height: number },
): Pixels {
  const [bytes] = FORMATS[format];
  const shrunk = new Uint8Array(to.width * to.height * bytes);
  const rows = new Float32Array(width * bytes); // the sum of the rows under one row of the result
  const area = (width / to.width) * (height / to.height);
  for (let y = 0, at = 0; y < to.height; y++) {
    const top = (y * height) / to.height;
    const bottom = ((y + 1) * height) / to.height;
    rows.fill(0);
    for (let j = Math.floor(top); j < bottom; j++) {
      const weight = Math.min(j + 1, bottom) - Math.max(j, top);
      for (let i = 0, from = j * stride; i < rows.length; i++, from++) rows[i]! += weight * data[from]!;
    }
    for (let x = 0; x < to.width; x++) {
      const left = (x * width) / to.width;
      const right = ((x + 1) * width) / to.width;
      for (let c = 0; c < bytes; c++) {
        let sum = 0;
        for (let i = Math.floor(left); i < right; i++)
          sum += (Math.min(i + 1, right) - Math.max(i, left)) * rows[i * bytes + c]!;
        shrunk[at++] = Math.round(sum / area);
      }
    }
  }
  return { data: shrunk, ...to, format, stride: to.width * bytes };
}
