/**
 * The forward pass of landmarks-regression-retail-0009, a line a stage: convolutions by Winograd (winograd.ts). Up to
 * conv3 face by face; conv4 and conv5, whose filters are large and whose maps are small, on all faces at once.
 */
import { f32_affine_input } from "../kernels/f32_affine_input";
import { f32_dense_32 } from "../kernels/f32_dense_32";
import { f32_depthwise6x6_8 } from "../kernels/f32_depthwise6x6_8";
import { f32_sigmoid } from "../kernels/f32_sigmoid";
import * as m from "./memory";
import * as s from "./shape";
import { Scratch } from "./scratch";
import { convolve } from "../winograd";

export function conv1(output: usize, faces: i32): void {
  convolve<s.Input, s.Conv1, Scratch>(
    s.Conv1.TILE,
    s.Conv1.BLOCK_ROWS,
    m.INPUT_MAP,
    m.CONV1_FILTERS,
    m.CONV1_PARAMS,
    output,
    faces,
  );
}

export function conv2(output: usize, faces: i32): void {
  convolve<s.Conv1, s.Conv2, Scratch>(
    s.Conv2.TILE,
    s.Conv2.BLOCK_ROWS,
    m.CONV1_MAP,
    m.CONV2_FILTERS,
    m.CONV2_PARAMS,
    output,
    faces,
  );
}

export function conv3(output: usize, faces: i32): void {
  convolve<s.Conv2, s.Conv3, Scratch>(
    s.Conv3.TILE,
    s.Conv3.BLOCK_ROWS,
    m.CONV2_MAP,
    m.CONV3_FILTERS,
    m.CONV3_PARAMS,
    output,
    faces,
  );
}

export function conv4(output: usize, faces: i32): void {
  convolve<s.Conv3, s.Conv4, Scratch>(
    s.Conv4.TILE,
    s.Conv4.BLOCK_ROWS,
    m.CONV3_MAP,
    m.CONV4_FILTERS,
    m.CONV4_PARAMS,
    output,
    faces,
  );
}

export function conv5(output: usize, faces: i32): void {
  convolve<s.Conv4, s.Conv5, Scratch>(
    s.Conv5.TILE,
    s.Conv5.BLOCK_ROWS,
    m.CONV4_MAP,
    m.CONV5_FILTERS,
    m.CONV5_PARAMS,
    output,
    faces,
  );
}

/** crops: u8 [faces][48][48][3] BGR → landmarks: f32 [faces][10], 1 ≤ faces ≤ BATCH. */
export function landmarks(crops: usize, output: usize, faces: i32): void {
  // prettier-ignore
  for (let face: usize = 0; face < <usize>faces; face++) {                                              // a face's output
    f32_affine_input(crops + face * m.CROP_BYTES, m.INPUT_PARAMS, m.INPUT_MAP, 48, 48);                         // 48×48×4
    conv1(m.CONV1_MAP, 1);                                                                              // 24×24×16
    conv2(m.CONV2_MAP, 1);                                                                              // 12×12×32
    conv3(m.CONV3_MAP + face * m.CONV3_MAP_BYTES, 1);                                                   // 6×6×64
  }
  conv4(m.CONV4_MAP, faces); // 6×6×64
  conv5(m.CONV5_MAP, faces); // 6×6×128
  // prettier-ignore
  for (let face: usize = 0; face < <usize>faces; face++) {
    f32_depthwise6x6_8(m.CONV5_MAP + face * m.CONV5_MAP_BYTES, m.DEPTHWISE_WEIGHTS, m.DEPTHWISE_PARAMS, m.DEPTHWISE_OUT, 128); // 128
    f32_dense_32(m.DEPTHWISE_OUT, m.FC1_WEIGHTS, m.FC1_PARAMS, m.FC1_OUT, 128, 256);                    // 256
    f32_dense_32(m.FC1_OUT, m.FC2_WEIGHTS, m.FC2_PARAMS, m.FC2_OUT, 256, 64);                           // 64
    f32_dense_32(m.FC2_OUT, m.FC3_WEIGHTS, m.FC3_PARAMS, m.FC3_OUT, 64, 32);                            // 10 of 32
    f32_sigmoid(m.FC3_OUT, output + face * 40, 10);                                                     // 10
  }
}
