/** The tensors at `PARAMETERS`, stage by stage, for network.ts. */
import { areFinite, copy, packConvolution, packDense, readFrom } from "../packing";
import * as m from "./memory";
import { Conv1, Conv2, Conv3, Head, Input, Merged, Narrow, Up, Wide } from "./shape";

const SLOPE = true;
const AFFINE = true;

/** Whether all parameters are finite. */
export function finite(): bool {
  return areFinite(m.PARAMETERS, m.PARAMETERS_BYTES);
}

export function pack(): void {
  // The canvas holds bytes, the network reads 0..1: what leads from one to the other goes into the first filters.
  const end = m.PARAMETERS + Conv1.CHANNELS * Input.CHANNELS * 9 * 4;
  for (let at = m.PARAMETERS; at < end; at += 4) store<f32>(at, load<f32>(at) / 255);
  readFrom(m.PARAMETERS);
  stage(Conv1.TILE, m.CONV1_WEIGHTS, Input.CHANNELS, Conv1.CHANNELS);
  stage(Conv2.TILE, m.CONV2_WEIGHTS, Conv1.CHANNELS, Conv2.CHANNELS);
  stage(Conv3.TILE, m.CONV3_WEIGHTS, Conv2.CHANNELS, Conv3.CHANNELS);
  stage(6, m.CONV4_WEIGHTS, Narrow.CHANNELS, Wide.CHANNELS);
  stage(6, m.CONV5_WEIGHTS, Wide.CHANNELS, Narrow.CHANNELS);
  stage(3, m.CONV6_WEIGHTS, Narrow.CHANNELS, Wide.CHANNELS);
  stage(3, m.CONV7_WEIGHTS, Wide.CHANNELS, Narrow.CHANNELS);
  stage(3, m.CONV8_WEIGHTS, Narrow.CHANNELS, Wide.CHANNELS);
  stage(3, m.CONV9_WEIGHTS, Wide.CHANNELS, Narrow.CHANNELS);
  stage(3, m.CONV10_WEIGHTS, Up.CHANNELS, Merged.CHANNELS);
  stage(6, m.CONV11_WEIGHTS, Up.CHANNELS, Merged.CHANNELS);
  packDense(m.UP16_WEIGHTS, Up.CHANNELS, Up.CHANNELS, !SLOPE, !AFFINE);
  packDense(m.UP8_WEIGHTS, Up.CHANNELS, Up.CHANNELS, !SLOPE, !AFFINE);
  copy(m.HEAD8_WEIGHTS, Head.WEIGHTS);
  copy(m.HEAD16_WEIGHTS, Head.WEIGHTS);
  copy(m.HEAD32_WEIGHTS, Head.WEIGHTS);
}

function stage(tile: i32, target: usize, inputs: i32, outputs: i32): void {
  packConvolution(tile, target, inputs, outputs, SLOPE, AFFINE, m.SCRATCH);
}
