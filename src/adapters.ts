/** `fivepoint/adapters`: boxes from other people's face detectors. */
export * from "./adapters/boxes.ts";
export {
  type FaceApi,
  type FaceApiDetectorOptions,
  type FaceDetector,
  faceApiDetector,
} from "./adapters/face-api.ts";
