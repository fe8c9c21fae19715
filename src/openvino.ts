/**
 * Reads the model's own OpenVINO files, so that official weights can be used.
 * @module fivepoint/openvino
 */
export type { Tensor, WeightsFile, WeightsMetadata } from "./core/container.ts";
export { serializeWeights } from "./core/landmarks.ts";
export { importOpenVino } from "./formats/openvino/import.ts";
