/**
 * The forward pass in int8, a line per stage, as network.ts: convolutions by Winograd in whole numbers (winograd_int8.ts),
 * nothing rounded in them. Between the stages lie activations of 8 bits, less their zero point, as int16.
 */
import { f32_sigmoid } from "../kernels/f32_sigmoid";
import { i16_dense_16 } from "../kernels/i16_dense_16";
import { i16_depthwise6x6 } from "../kernels/i16_depthwise6x6";
import { i16_dot_f32 } from "../kernels/i16_dot_f32";
import { i16_input_pairs } from "../kernels/i16_input_pairs";
import { convolve } from "../winograd_int8";
import * as m from "./memory";
import { Conv1, Conv2, Conv3, Conv4, Conv5, DEPTHWISE, FC1, FC2, FC3, Input } from "./shape";

const FLOATS = true;
const POOLED = true;
const SAME_SIZE = false;

export function conv1(output: usize, faces: i32): void {
  convolve(Conv1.I8_BLOCK, m.I8_INPUT_MAP, m.I8_CONV1_WEIGHTS, output, Input.SIZE, Input.SIZE, faces, Input.CHANNELS, Conv1.CHANNELS, POOLED, m.SCRATCH);
}
export function conv2(output: usize, faces: i32): void {
  convolve(Conv2.I8_BLOCK, m.I8_CONV1_MAP, m.I8_CONV2_WEIGHTS, output, Conv1.SIZE, Conv1.SIZE, faces, Conv1.CHANNELS, Conv2.CHANNELS, POOLED, m.SCRATCH);
}
export function conv3(output: usize, faces: i32): void {
  convolve(Conv3.I8_BLOCK, m.I8_CONV2_MAP, m.I8_CONV3_WEIGHTS, output, Conv2.SIZE, Conv2.SIZE, faces, Conv2.CHANNELS, Conv3.CHANNELS, POOLED, m.SCRATCH);
}
export function conv4(output: usize, faces: i32): void {
  convolve(Conv4.I8_BLOCK, m.I8_CONV3_MAP, m.I8_CONV4_WEIGHTS, output, Conv3.SIZE, Conv3.SIZE, faces, Conv3.CHANNELS, Conv4.CHANNELS, SAME_SIZE, m.SCRATCH);
}
export function conv5(output: usize, faces: i32): void {
  convolve(Conv5.I8_BLOCK, m.I8_CONV4_MAP, m.I8_CONV5_WEIGHTS, output, Conv4.SIZE, Conv4.SIZE, faces, Conv4.CHANNELS, Conv5.CHANNELS, SAME_SIZE, m.SCRATCH);
}

/** From conv5's map of a face to its landmarks and score. */
function head(map: usize, landmarks: usize, score: usize): void {
  i16_depthwise6x6(map, m.I8_DEPTHWISE_WEIGHTS, m.I8_DEPTHWISE_OUT, DEPTHWISE);
  i16_dense_16(m.I8_DEPTHWISE_OUT, m.I8_FC1_WEIGHTS, m.I8_FC1_OUT, DEPTHWISE, FC1, !FLOATS);
  i16_dense_16(m.I8_FC1_OUT, m.I8_FC2_WEIGHTS, m.I8_FC2_OUT, FC1, FC2, !FLOATS);
  i16_dense_16(m.I8_FC2_OUT, m.I8_FC3_WEIGHTS, m.FC3_OUT, FC2, 16, FLOATS); // 10 of 16
  f32_sigmoid(m.FC3_OUT, landmarks, FC3);
  store<f32>(score, load<f32>(m.I8_SCORE_WEIGHTS, FC1 * 4) + i16_dot_f32(m.I8_FC1_OUT, m.I8_SCORE_WEIGHTS, FC1));
  f32_sigmoid(score, score, 1);
}

/** crops: u8 [faces][48][48][3] BGR → landmarks: f32 [faces][10] and scores: f32 [faces], 1 ≤ faces ≤ BATCH. */
export function landmarksInt8(crops: usize, output: usize, scores: usize, faces: i32): void {
  for (let face = 0; face < faces; face++) {
    i16_input_pairs(crops + face * m.CROP_BYTES, m.I8_INPUT_OFFSETS, m.I8_INPUT_MAP, Input.SIZE, Input.SIZE);
    conv1(m.I8_CONV1_MAP, 1);
    conv2(m.I8_CONV2_MAP, 1);
    conv3(m.I8_CONV3_MAP + face * Conv3.MAP * 2, 1);
  }
  conv4(m.I8_CONV4_MAP, faces);
  conv5(m.I8_CONV5_MAP, faces);
  for (let face = 0; face < faces; face++) {
    head(m.I8_CONV5_MAP + face * Conv5.MAP * 2, output + face * FC3 * 4, scores + face * 4);
  }
}
