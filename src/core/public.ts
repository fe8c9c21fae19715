/** What every entry exports beside its own `createLandmarker`. */

export { type AlignedFace, type AlignOptions, alignFace } from "./align.ts";
export { WeightsError } from "./errors.ts";
export type { Landmarker } from "./landmarker.ts";
export { eyeDistance, type NamedPoints, namedPoints } from "./points.ts";
export { type HeadPose, headPose } from "./pose.ts";
export { type Matrix, type Similarity, similarityTransform } from "./similarity.ts";
export { type AlignTemplate, ffhqTemplate } from "./templates.ts";
export {
  type Box,
  type DetectOptions,
  type Face,
  type ImageLike,
  LANDMARK_NAMES,
  type LandmarkerInfo,
  type LandmarkerOptions,
  type PixelFormat,
  type Point,
  type Precision,
  type SimdTier,
} from "./types.ts";
