/** `fivepoint/openvino`: reads the model's own OpenVINO files, so that official weights can be used. */
export {
  serializeWeights,
  type Tensor,
  type WeightsFile,
  type WeightsMetadata,
} from "./weights/container.ts";
export { importOpenVino } from "./weights/openvino/import.ts";
