/** The tensors at `PARAMETERS` by the ranges at `RANGES`, stage by stage, for network_int8.ts. */
import { packScaled, readFrom } from "../packing";
import {
  begin,
  fits,
  inputStep,
  Layout,
  LEVELS_8,
  LEVELS_15,
  packStage,
  prepareInput,
  UNROUNDED,
} from "../packing_int8";
import * as m from "./memory";
import { Conv1, Conv2, Conv3, Conv4, Conv5, DEPTHWISE, FC1, FC2, FC3 } from "./shape";

const AFFINE = true;

/** Returns whether they can be packed: not where their products leave float32. */
export function packInt8(): bool {
  readFrom(m.PARAMETERS);
  begin(m.RANGES, m.SCRATCH);
  const conv1 = prepareInput(m.I8_INPUT_OFFSETS, Conv1.CHANNELS);
  packStage(Layout.WINOGRAD4, 9 * 4, Conv1.CHANNELS, m.I8_CONV1_WEIGHTS, LEVELS_8, AFFINE, conv1);
  packStage(Layout.WINOGRAD4, 9 * Conv1.CHANNELS, Conv2.CHANNELS, m.I8_CONV2_WEIGHTS, LEVELS_8, AFFINE);
  packStage(Layout.WINOGRAD4, 9 * Conv2.CHANNELS, Conv3.CHANNELS, m.I8_CONV3_WEIGHTS, LEVELS_8, AFFINE);
  packStage(Layout.WINOGRAD3, 9 * Conv3.CHANNELS, Conv4.CHANNELS, m.I8_CONV4_WEIGHTS, LEVELS_8, AFFINE);
  packStage(Layout.WINOGRAD3, 9 * Conv4.CHANNELS, Conv5.CHANNELS, m.I8_CONV5_WEIGHTS, LEVELS_15, AFFINE);
  packStage(Layout.DEPTHWISE, 36, DEPTHWISE, m.I8_DEPTHWISE_WEIGHTS, LEVELS_15, AFFINE);
  packStage(Layout.DENSE, DEPTHWISE, FC1, m.I8_FC1_WEIGHTS, LEVELS_15, AFFINE);
  const scoreStep = inputStep();
  packStage(Layout.DENSE, FC1, FC2, m.I8_FC2_WEIGHTS, LEVELS_15, !AFFINE);
  packStage(Layout.DENSE, FC2, FC3, m.I8_FC3_WEIGHTS, UNROUNDED, !AFFINE);
  packScaled(m.I8_SCORE_WEIGHTS, FC1, scoreStep);
  packScaled(m.I8_SCORE_WEIGHTS + FC1 * 4, 1, 1); // the bias
  return fits();
}
