/** The faces of an image: one for each box, or the whole image as one. */
import type { Box, Face, Landmarker } from "fivepoint";
import type { Decoded } from "./decode.ts";
import { RequestError } from "./errors.ts";

const times = ({ x, y, width, height }: Box, factor: number): Box => ({
  x: x * factor,
  y: y * factor,
  width: width * factor,
  height: height * factor,
});

/**
 * @param boxes in pixels of the whole image, as the points and boxes that come back; none: the whole image is one face
 * @throws RequestError 422 when a box, the expansion or raw pixels make no sense
 */
export function readFaces(
  landmarker: Landmarker,
  { pixels, shrink, width, height }: Decoded,
  boxes: readonly Box[],
  expand = 1,
): Face[] {
  let faces: Face[];
  try {
    faces = boxes.length
      ? landmarker.detectAll(
          pixels,
          boxes.map((box) => times(box, 1 / shrink)),
          { expand },
        )
      : [landmarker.detect(pixels, undefined, { expand })];
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const note =
      shrink === 1
        ? ""
        : ` The image of ${width} × ${height} was read at 1/${shrink}, and its boxes with it.`;
    throw new RequestError(422, "invalid_image_or_box", error.message + note);
  }
  if (shrink === 1) return faces;
  return faces.map((face) => {
    const box = times(face.box, shrink);
    // The last pixel of a shrunk row or column may stand for a few that aren't there.
    const clipped = {
      ...box,
      width: Math.min(box.width, width - box.x),
      height: Math.min(box.height, height - box.y),
    };
    return {
      ...face,
      box: clipped,
      points: face.points.map(({ x, y }) => ({ x: x * shrink, y: y * shrink })),
    };
  }) as Face[];
}
