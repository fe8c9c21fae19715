/** Finding faces: face-api's tiny detector for a new image, the last landmarks for the next frame of a video. */

import modelUrl from "@vladmandic/face-api/model/tiny_face_detector_model.bin?url";
import manifest from "@vladmandic/face-api/model/tiny_face_detector_model-weights_manifest.json";
import type { Box, Face, Landmarker } from "fivepoint";
import { type FaceDetector, faceApiDetector } from "fivepoint/adapters";

let loading: Promise<FaceDetector> | undefined;

/** face-api is 1.3 MB of script: fetched when it is first needed. */
export function loadDetector(): Promise<FaceDetector> {
  loading ??= load().catch((error) => {
    loading = undefined; // tried again the next time
    throw error;
  });
  return loading;
}

async function load(): Promise<FaceDetector> {
  const faceapi = await import("@vladmandic/face-api");
  const response = await fetch(modelUrl);
  if (!response.ok) throw new Error(`The face finder's model couldn't be loaded (HTTP ${response.status}).`);
  await faceapi.tf.setBackend("webgl").catch(() => false);
  await faceapi.tf.ready();
  const weights = faceapi.tf.io.decodeWeights(await response.arrayBuffer(), manifest[0].weights);
  faceapi.nets.tinyFaceDetector.loadFromWeightMap(weights);
  return faceApiDetector(faceapi, { inputSize: 320 });
}

/** A square around a face's points, 2.1 times their extent: where the face will be in the next frame. */
export function boxAround({ points }: Face): Box {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const centre = { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2 };
  const side = 2.1 * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  return { x: centre.x - side / 2, y: centre.y - side / 2, width: side, height: side };
}

const WIDER = 1.25;
const FIXED = 0.03; // of the width of the box: what the points of a face move by is well below it, elsewhere mostly above

/**
 * Reads the boxes, and again a little wider ones: on a face the points stay where they are, on anything else they go with
 * the box. What comes back are the faces.
 */
export function readFaces(landmarker: Landmarker, image: ImageData, boxes: readonly Box[]): Face[] {
  const wider = landmarker.detectAll(image, boxes, { expand: WIDER });
  return landmarker.detectAll(image, boxes).filter(({ points, box }, i) => {
    const moved = points.map(({ x, y }, k) =>
      Math.hypot(x - wider[i]!.points[k]!.x, y - wider[i]!.points[k]!.y),
    );
    return moved.reduce((sum, distance) => sum + distance, 0) / points.length < FIXED * box.width;
  });
}

/** False when the box has left the image or shrunk to nothing. */
export function inside(box: Box, width: number, height: number): boolean {
  return (
    box.width >= 8 &&
    box.x + box.width > 8 &&
    box.y + box.height > 8 &&
    box.x < width - 8 &&
    box.y < height - 8
  );
}
