/** The tensors at `PARAMETERS`, stage by stage, for network.ts. */
import {
  areFinite,
  packConvolution,
  packDense,
  packDepthwise,
  packInput,
  packScaled,
  readFrom,
} from "../packing";
import * as m from "./memory";
import { Conv1, Conv2, Conv3, Conv4, Conv5, DEPTHWISE, FC1, FC2, FC3, Input } from "./shape";

const SLOPE = true;
const AFFINE = true;

/** Whether all parameters are finite. */
export function finite(): bool {
  return areFinite(m.PARAMETERS, m.PARAMETERS_BYTES);
}

export function pack(): void {
  readFrom(m.PARAMETERS);
  packInput(m.INPUT_WEIGHTS, Input.CHANNELS);
  packConvolution(Conv1.TILE, m.CONV1_WEIGHTS, Input.CHANNELS, Conv1.CHANNELS, SLOPE, AFFINE, m.SCRATCH);
  packConvolution(Conv2.TILE, m.CONV2_WEIGHTS, Conv1.CHANNELS, Conv2.CHANNELS, SLOPE, AFFINE, m.SCRATCH);
  packConvolution(Conv3.TILE, m.CONV3_WEIGHTS, Conv2.CHANNELS, Conv3.CHANNELS, SLOPE, AFFINE, m.SCRATCH);
  packConvolution(Conv4.TILE, m.CONV4_WEIGHTS, Conv3.CHANNELS, Conv4.CHANNELS, SLOPE, AFFINE, m.SCRATCH);
  packConvolution(Conv5.TILE, m.CONV5_WEIGHTS, Conv4.CHANNELS, Conv5.CHANNELS, SLOPE, AFFINE, m.SCRATCH);
  packDepthwise(m.DEPTHWISE_WEIGHTS, DEPTHWISE);
  packDense(m.FC1_WEIGHTS, DEPTHWISE, FC1, SLOPE, AFFINE);
  packDense(m.FC2_WEIGHTS, FC1, FC2, SLOPE, !AFFINE);
  packDense(m.FC3_WEIGHTS, FC2, FC3, !SLOPE, !AFFINE);
  packScaled(m.SCORE_WEIGHTS, FC1 + 1, 1);
}
