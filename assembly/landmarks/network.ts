/**
 * The forward pass of landmarks-regression-retail-0009, a line per stage: convolutions by Winograd (winograd.ts). Up to
 * conv3 face by face; conv4 and conv5, whose filters are large and whose maps are small, on all faces at once.
 */
import { f32_affine_input } from "../kernels/f32_affine_input";
import { f32_dense_32 } from "../kernels/f32_dense_32";
import { f32_depthwise6x6_8 } from "../kernels/f32_depthwise6x6_8";
import { f32_dot } from "../kernels/f32_dot";
import { f32_sigmoid } from "../kernels/f32_sigmoid";
import { convolve } from "../winograd";
import * as m from "./memory";
import { Conv1, Conv2, Conv3, Conv4, Conv5, DEPTHWISE, FC1, FC2, FC3, Input } from "./shape";

const POOLED = true;
const SAME_SIZE = false;

export function conv1(output: usize, faces: i32): void {
  convolve(Conv1.TILE, Conv1.BLOCK, m.INPUT_MAP, m.CONV1_WEIGHTS, output, Input.SIZE, Input.SIZE, faces, Input.CHANNELS, Conv1.CHANNELS, POOLED, m.SCRATCH);
}
export function conv2(output: usize, faces: i32): void {
  convolve(Conv2.TILE, Conv2.BLOCK, m.CONV1_MAP, m.CONV2_WEIGHTS, output, Conv1.SIZE, Conv1.SIZE, faces, Conv1.CHANNELS, Conv2.CHANNELS, POOLED, m.SCRATCH);
}
export function conv3(output: usize, faces: i32): void {
  convolve(Conv3.TILE, Conv3.BLOCK, m.CONV2_MAP, m.CONV3_WEIGHTS, output, Conv2.SIZE, Conv2.SIZE, faces, Conv2.CHANNELS, Conv3.CHANNELS, POOLED, m.SCRATCH);
}
export function conv4(output: usize, faces: i32): void {
  convolve(Conv4.TILE, Conv4.BLOCK, m.CONV3_MAP, m.CONV4_WEIGHTS, output, Conv3.SIZE, Conv3.SIZE, faces, Conv3.CHANNELS, Conv4.CHANNELS, SAME_SIZE, m.SCRATCH);
}
export function conv5(output: usize, faces: i32): void {
  convolve(Conv5.TILE, Conv5.BLOCK, m.CONV4_MAP, m.CONV5_WEIGHTS, output, Conv4.SIZE, Conv4.SIZE, faces, Conv4.CHANNELS, Conv5.CHANNELS, SAME_SIZE, m.SCRATCH);
}

/** From conv5's map of a face to its landmarks and score. */
export function head(map: usize, landmarks: usize, score: usize): void {
  f32_depthwise6x6_8(map, m.DEPTHWISE_WEIGHTS, m.DEPTHWISE_OUT, DEPTHWISE);
  f32_dense_32(m.DEPTHWISE_OUT, m.FC1_WEIGHTS, m.FC1_OUT, DEPTHWISE, FC1);
  f32_dense_32(m.FC1_OUT, m.FC2_WEIGHTS, m.FC2_OUT, FC1, FC2);
  f32_dense_32(m.FC2_OUT, m.FC3_WEIGHTS, m.FC3_OUT, FC2, 32); // 10 of 32
  f32_sigmoid(m.FC3_OUT, landmarks, FC3);
  store<f32>(score, load<f32>(m.SCORE_WEIGHTS, FC1 * 4) + f32_dot(m.FC1_OUT, m.SCORE_WEIGHTS, FC1));
  f32_sigmoid(score, score, 1);
}

/** crops: u8 [faces][48][48][3] BGR → landmarks: f32 [faces][10] and scores: f32 [faces], 1 ≤ faces ≤ BATCH. */
export function landmarks(crops: usize, output: usize, scores: usize, faces: i32): void {
  for (let face = 0; face < faces; face++) {
    f32_affine_input(crops + face * m.CROP_BYTES, m.INPUT_WEIGHTS, m.INPUT_MAP, Input.SIZE, Input.SIZE);
    conv1(m.CONV1_MAP, 1);
    conv2(m.CONV2_MAP, 1);
    conv3(m.CONV3_MAP + face * Conv3.MAP * 4, 1);
  }
  conv4(m.CONV4_MAP, faces);
  conv5(m.CONV5_MAP, faces);
  for (let face = 0; face < faces; face++) {
    head(m.CONV5_MAP + face * Conv5.MAP * 4, output + face * FC3 * 4, scores + face * 4);
  }
}
