/** `fivepoint/adapters`: boxes from other people's face detectors. */
export {
  type FaceApi,
  type FaceApiDetectorOptions,
  type FaceDetector,
  faceApiDetector,
} from "./adapters/face-api.ts";
