import { type Box, createLandmarker, type Face } from "fivepoint";
import { createFinder, findFaces } from "fivepoint/finder";

const landmarker = await createLandmarker();
const finder = await createFinder({ maxSide: 640 });

/** The faces of an image, best first: five points and a score each. */
export function find(image: ImageData, maxSide: number): Face[] {
  return findFaces(image, { finder, landmarker, maxSide });
}

/** The face in a box that you drew. */
export function read(image: ImageData, box: Box): Face {
  return landmarker.detect(image, box, { refine: true });
}

/** Each face upright in 112×112 pixels, as face recognition takes it. */
export function align(image: ImageData, faces: Face[]) {
  return landmarker.align(image, faces);
}

export const info = { landmarker: landmarker.info, finder: finder.info };
