// Every entry, as a program in TypeScript uses it; compiled, never run.
import {
  type AlignedFace,
  alignFace,
  createLandmarker,
  createLandmarkerSync,
  eyeDistance,
  type Face,
  type HeadPose,
  headPose,
  type ImageLike,
  type Landmarker,
  type LandmarkerOptions,
  type NamedPoints,
  namedPoints,
} from "fivepoint";
import { type DetectedBox, faceApiDetector, fromFaceDetector, fromYuNet } from "fivepoint/adapters";
import { type DrawOptions, faceSvg, POINT_COLOURS } from "fivepoint/draw";
import { createFinder, type FoundBox } from "fivepoint/finder";
import finderWeights from "fivepoint/finder.safetensors";
import finderModule from "fivepoint/finder.wasm";
import cleanWeights from "fivepoint/finder-clean.safetensors";
import finderRelaxed from "fivepoint/finder-relaxed.wasm";
import module from "fivepoint/model.wasm";
import relaxed from "fivepoint/model-relaxed.wasm";
import { readImage as readFile } from "fivepoint/node";
import { importOpenVino, serializeWeights } from "fivepoint/openvino";
import { createPool, type Pool } from "fivepoint/pool";
import * as slim from "fivepoint/slim";
import { createTracker, type TrackedFace, type Tracker, type TrackerOptions } from "fivepoint/tracker";
import { readImage } from "fivepoint/web";
import weights from "fivepoint/weights.safetensors";

const image: ImageLike = { data: new Uint8ClampedArray(48 * 48 * 4), width: 48, height: 48 };

export async function use(): Promise<Face[]> {
  const options: LandmarkerOptions = { module, weights, precision: "int8" };
  const landmarker: Landmarker = await createLandmarker(options);
  const crops: Float32Array = createLandmarkerSync({ module: relaxed }).run(new Uint8Array(6912));
  const hosted: Landmarker = await slim.createLandmarker({ module, weights: new Uint8Array(crops.buffer) });
  await slim.createLandmarker({ module: "/model.wasm", weights });
  await createFinder({ weights: cleanWeights });
  const finder = await createFinder({ module: finderModule, weights: finderWeights });
  const boxes: FoundBox[] = finder.find(image);
  landmarker.detectAll(image, boxes);
  await createFinder({ module: finderRelaxed });
  const tracking: TrackerOptions = { landmarker, finder, smoothing: { beta: 2 } };
  const tracker: Tracker = createTracker(tracking);
  const tracked: TrackedFace[] = tracker.next(image, 33, { boxes });
  landmarker.detectAround(image, tracked);
  tracker.reset();
  const pool: Pool = await createPool({ size: 2, finder });
  const proposed: FoundBox[] = await pool.find(image, { minScore: 0.5 });
  const seen: Face[] = await pool.findFaces(image, { maxFaces: proposed.length });
  for await (const { item, ...result } of pool.detectMany([{ name: "", image }], { refine: true })) {
    const found: Face[] | string = result.error ? `${item.name}: ${result.error.message}` : result.faces;
    const chips: AlignedFace[] = typeof found === "string" ? [] : await pool.align(image, found);
    landmarker.detectAll(image, [], { expand: chips.length + 1 });
  }
  const faces = [landmarker.detect(image), hosted.detect(image), await pool.detect(image), ...seen];
  const [{ points }] = faces as [Face];
  alignFace(image, points);
  const { leftEye }: NamedPoints = namedPoints(points);
  const { yaw }: HeadPose = headPose(points);
  const size: number = eyeDistance(points) + landmarker.blurriness(image, { points });
  const drawn: DrawOptions = { number: 1, score: true, scale: 2, size: image };
  faceSvg({ points }, drawn).includes(POINT_COLOURS[0]!);
  Number.isFinite(leftEye.x + yaw + size);
  landmarker.detect(await readImage(image, { maxSide: 320 }));
  landmarker.detect(await readFile(new Uint8Array(9)));
  landmarker.dispose();
  await pool.dispose();
  return faces;
}

export const detector = faceApiDetector;
export const boxes: DetectedBox[] = [
  ...fromYuNet(new Float32Array(15)),
  ...fromFaceDetector([{ boundingBox: { x: 1, y: 2, width: 3, height: 4 } }]),
];
export const imported = (xml: string, bin: Uint8Array): Uint8Array =>
  serializeWeights(importOpenVino(xml, bin, { name: "", version: "", license: "", source: "" }));

// What is wrong stays wrong: the types say something.
// @ts-expect-error
void createLandmarker({ precision: "f16" });
// @ts-expect-error
createTracker({});
// @ts-expect-error
void slim.createLandmarker({ module: 7, weights });
// @ts-expect-error
void readImage("photo.jpg");
// @ts-expect-error
void readFile(image);
// @ts-expect-error
createLandmarkerSync().detect({ width: 48, height: 48 });
