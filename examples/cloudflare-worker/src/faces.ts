/** The faces of an image: those in given boxes, the whole image as one, or those that are found. */
import { type Box, createLandmarkerSync, type Face } from "fivepoint";
import { createFinderSync, findFaces } from "fivepoint/finder";
import type { Decoded } from "./decode.ts";
import { RequestError } from "./errors.ts";

/** What to read of an image. Without boxes its faces are found. */
export interface Wanted {
  /** In pixels of the whole image, as the points and boxes that come back. */
  readonly boxes: readonly Box[];
  /** Enlarges each of the boxes about its centre. */
  readonly expand?: number;
  /** Without boxes: the whole image is one face. */
  readonly whole?: boolean;
}

// At module scope: the work is done while the isolate starts, not in a request.
export const landmarker = createLandmarkerSync();
export const finder = createFinderSync();

/** @throws RequestError 422 when a box, the expansion or raw pixels make no sense */
export function readFaces(image: Decoded, wanted: Wanted): Face[] {
  try {
    return wanted.boxes.length || wanted.whole ? readBoxes(image, wanted) : find(image);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const { shrink, width, height } = image;
    const note =
      shrink === 1
        ? ""
        : ` The image of ${width} × ${height} was read at 1/${shrink}, and its boxes with it.`;
    throw new RequestError(422, "invalid_image_or_box", error.message + note);
  }
}

function readBoxes({ pixels, shrink, width, height }: Decoded, { boxes, expand }: Wanted): Face[] {
  const faces = boxes.length
    ? landmarker.detectAll(
        pixels,
        boxes.map((box) => times(box, 1 / shrink)),
        { expand },
      )
    : [landmarker.detect(pixels)];
  return faces.map((face) => {
    const enlarged = enlarge(face, shrink);
    const { x, y, ...box } = enlarged.box;
    // The last pixel of a shrunk row or column may stand for a few that aren't there.
    const size = { width: Math.min(box.width, width - x), height: Math.min(box.height, height - y) };
    return { ...enlarged, box: { x, y, ...size } };
  });
}

/** Best first. */
function find({ pixels, shrink }: Decoded): Face[] {
  return findFaces(pixels, { finder, landmarker }).map((face) => enlarge(face, shrink));
}

const enlarge = (face: Face, factor: number): Face => ({
  ...face,
  box: times(face.box, factor),
  points: face.points.map(({ x, y }) => ({ x: x * factor, y: y * factor })),
});

const times = ({ x, y, width, height }: Box, factor: number): Box => ({
  x: x * factor,
  y: y * factor,
  width: width * factor,
  height: height * factor,
});

/** As openapi.json describes a Face, and as `fivepoint detect` prints one. */
export function toJson({ box, points, normalized, score }: Face) {
  return { box, points: points.map(({ x, y }) => [x, y]), normalized: [...normalized], score };
}
