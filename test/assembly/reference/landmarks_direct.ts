/**
 * The landmarks network with direct convolutions, with what they need of memory and packing. Slower than
 * assembly/landmarks/network.ts; each result is a sum in an order that a scalar loop can follow. For tests and bench.
 */
import { f32_affine_input } from "../../../assembly/kernels/f32_affine_input";
import { f32_conv3x3_2x2x8 } from "../../../assembly/kernels/f32_conv3x3_2x2x8";
import { packParams, readFrom, take } from "../../../assembly/packing";
import * as m from "../../../assembly/landmarks/memory";
import { head } from "../../../assembly/landmarks/network";
import { Conv1, Conv2, Conv3, Conv4, Conv5, FC3, Input } from "../../../assembly/landmarks/shape";

export const DIRECT_CONV1_WEIGHTS: usize = memory.data(((9 * 4 + 3) * Conv1.CHANNELS + 4) * 4, 16);
export const DIRECT_CONV2_WEIGHTS: usize = memory.data(
  ((9 * Conv1.CHANNELS + 3) * Conv2.CHANNELS + 4) * 4,
  16,
);
export const DIRECT_CONV3_WEIGHTS: usize = memory.data(
  ((9 * Conv2.CHANNELS + 3) * Conv3.CHANNELS + 4) * 4,
  16,
);
export const DIRECT_CONV4_WEIGHTS: usize = memory.data(
  ((9 * Conv3.CHANNELS + 3) * Conv4.CHANNELS + 4) * 4,
  16,
);
export const DIRECT_CONV5_WEIGHTS: usize = memory.data(
  ((9 * Conv4.CHANNELS + 3) * Conv5.CHANNELS + 4) * 4,
  16,
);

/** [OC][IC][3][3] → [OC/8][3][3][padded][8], missing inputs zero. */
function packConvolution(target: usize, inputs: i32, outputs: i32): void {
  const padded = (inputs + 3) & ~3;
  const weights = take(outputs * inputs * 9);
  let at = target + 12 * outputs + 16;
  for (let block = 0; block < outputs; block += 8) {
    for (let tap = 0; tap < 9; tap++) {
      for (let i = 0; i < padded; i++) {
        for (let o = block; o < block + 8; o++, at += 4) {
          if (i < inputs) store<f32>(at, load<f32>(weights + ((<usize>((o * inputs + i) * 9 + tap)) << 2)));
        }
      }
    }
  }
  packParams(target, outputs, outputs, true, true);
}

/** What the direct network needs beyond `pack`. */
export function packDirect(): void {
  readFrom(m.PARAMETERS + 2 * Input.CHANNELS * 4);
  packConvolution(DIRECT_CONV1_WEIGHTS, Input.CHANNELS, Conv1.CHANNELS);
  packConvolution(DIRECT_CONV2_WEIGHTS, Conv1.CHANNELS, Conv2.CHANNELS);
  packConvolution(DIRECT_CONV3_WEIGHTS, Conv2.CHANNELS, Conv3.CHANNELS);
  packConvolution(DIRECT_CONV4_WEIGHTS, Conv3.CHANNELS, Conv4.CHANNELS);
  packConvolution(DIRECT_CONV5_WEIGHTS, Conv4.CHANNELS, Conv5.CHANNELS);
}

const POOLED = true;
const SAME_SIZE = false;

/** crops: u8 [faces][48][48][3] BGR → landmarks: f32 [faces][10]. After `pack` and `packDirect`. */
export function landmarksDirect(crops: usize, output: usize, faces: i32): void {
  for (let face = 0; face < faces; face++) {
    f32_affine_input(crops + face * m.CROP_BYTES, m.INPUT_WEIGHTS, m.INPUT_MAP, Input.SIZE, Input.SIZE);
    // prettier-ignore
    f32_conv3x3_2x2x8(m.INPUT_MAP, DIRECT_CONV1_WEIGHTS, m.CONV1_MAP, Input.SIZE, Input.SIZE, 4, Conv1.CHANNELS, POOLED);
    // prettier-ignore
    f32_conv3x3_2x2x8(m.CONV1_MAP, DIRECT_CONV2_WEIGHTS, m.CONV2_MAP, Conv1.SIZE, Conv1.SIZE, Conv1.CHANNELS, Conv2.CHANNELS, POOLED);
    // prettier-ignore
    f32_conv3x3_2x2x8(m.CONV2_MAP, DIRECT_CONV3_WEIGHTS, m.CONV3_MAP, Conv2.SIZE, Conv2.SIZE, Conv2.CHANNELS, Conv3.CHANNELS, POOLED);
    // prettier-ignore
    f32_conv3x3_2x2x8(m.CONV3_MAP, DIRECT_CONV4_WEIGHTS, m.CONV4_MAP, Conv3.SIZE, Conv3.SIZE, Conv3.CHANNELS, Conv4.CHANNELS, SAME_SIZE);
    // prettier-ignore
    f32_conv3x3_2x2x8(m.CONV4_MAP, DIRECT_CONV5_WEIGHTS, m.CONV5_MAP, Conv4.SIZE, Conv4.SIZE, Conv4.CHANNELS, Conv5.CHANNELS, SAME_SIZE);
    head(m.CONV5_MAP, output + face * FC3 * 4, m.SCORES);
  }
}
