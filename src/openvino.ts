/** `fivepoint/openvino`: reads the model's own OpenVINO files, so that official weights can be used. */
export {
  serializeWeights,
  type Tensor,
  type WeightsFile,
  type WeightsMetadata,
} from "./core/container.ts";
export { importOpenVino } from "./formats/openvino/import.ts";
