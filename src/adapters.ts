/**
 * Boxes from other people's face detectors.
 * @module fivepoint/adapters
 */
export * from "./adapters/boxes.ts";
export {
  type FaceApi,
  type FaceApiDetectorOptions,
  type FaceDetector,
  faceApiDetector,
} from "./adapters/face-api.ts";
