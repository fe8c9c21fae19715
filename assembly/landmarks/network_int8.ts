/**
 * The forward pass in int8, a line a stage, as network.ts: convolutions by Winograd in whole numbers (winograd_int8.ts),
 * which rounds nowhere. Between the stages lie activations of 8 bits, less their zero point, as int16.
 */
import { f32_sigmoid } from "../kernels/f32_sigmoid";
import { i16_dense_16 } from "../kernels/i16_dense_16";
import { i16_depthwise6x6 } from "../kernels/i16_depthwise6x6";
import { i16_input_pairs } from "../kernels/i16_input_pairs";
import * as m from "./memory";
import * as s from "./shape";
import { Scratch } from "./scratch";
import { convolve } from "../winograd_int8";

const FLOATS = true;

export function conv1(output: usize, faces: i32): void {
  convolve<s.InputInt8, s.Conv1, Scratch>(
    s.Conv1.INT8_TILE,
    s.Conv1.INT8_BLOCK_ROWS,
    m.I8_INPUT_MAP,
    m.I8_CONV1_FILTERS,
    m.I8_CONV1_PARAMS,
    output,
    faces,
  );
}

export function conv2(output: usize, faces: i32): void {
  convolve<s.Conv1, s.Conv2, Scratch>(
    s.Conv2.INT8_TILE,
    s.Conv2.INT8_BLOCK_ROWS,
    m.I8_CONV1_MAP,
    m.I8_CONV2_FILTERS,
    m.I8_CONV2_PARAMS,
    output,
    faces,
  );
}

export function conv3(output: usize, faces: i32): void {
  convolve<s.Conv2, s.Conv3, Scratch>(
    s.Conv3.INT8_TILE,
    s.Conv3.INT8_BLOCK_ROWS,
    m.I8_CONV2_MAP,
    m.I8_CONV3_FILTERS,
    m.I8_CONV3_PARAMS,
    output,
    faces,
  );
}

export function conv4(output: usize, faces: i32): void {
  convolve<s.Conv3, s.Conv4, Scratch>(
    s.Conv4.INT8_TILE,
    s.Conv4.INT8_BLOCK_ROWS,
    m.I8_CONV3_MAP,
    m.I8_CONV4_FILTERS,
    m.I8_CONV4_PARAMS,
    output,
    faces,
  );
}

export function conv5(output: usize, faces: i32): void {
  convolve<s.Conv4, s.Conv5, Scratch>(
    s.Conv5.INT8_TILE,
    s.Conv5.INT8_BLOCK_ROWS,
    m.I8_CONV4_MAP,
    m.I8_CONV5_FILTERS,
    m.I8_CONV5_PARAMS,
    output,
    faces,
  );
}

/** crops: u8 [faces][48][48][3] BGR → landmarks: f32 [faces][10], 1 ≤ faces ≤ BATCH. */
export function landmarksInt8(crops: usize, output: usize, faces: i32): void {
  // prettier-ignore
  for (let face: usize = 0; face < <usize>faces; face++) {                                             // a face's output
    i16_input_pairs(crops + face * m.CROP_BYTES, m.I8_INPUT_OFFSETS, m.I8_INPUT_MAP, 48, 48);                  // 48×48×4
    conv1(m.I8_CONV1_MAP, 1);                                                                          // 24×24×16
    conv2(m.I8_CONV2_MAP, 1);                                                                          // 12×12×32
    conv3(m.I8_CONV3_MAP + face * m.I8_CONV3_MAP_BYTES, 1);                                            // 6×6×64
  }
  conv4(m.I8_CONV4_MAP, faces); // 6×6×64
  conv5(m.I8_CONV5_MAP, faces); // 6×6×128
  // prettier-ignore
  for (let face: usize = 0; face < <usize>faces; face++) {
    i16_depthwise6x6(m.I8_CONV5_MAP + face * m.I8_CONV5_MAP_BYTES, m.I8_DEPTHWISE_WEIGHTS, m.I8_DEPTHWISE_PARAMS, m.I8_DEPTHWISE_OUT, 128); // 128
    i16_dense_16(m.I8_DEPTHWISE_OUT, m.I8_FC1_WEIGHTS, m.I8_FC1_PARAMS, m.I8_FC1_OUT, 128, 256, !FLOATS); // 256
    i16_dense_16(m.I8_FC1_OUT, m.I8_FC2_WEIGHTS, m.I8_FC2_PARAMS, m.I8_FC2_OUT, 256, 64, !FLOATS);     // 64
    i16_dense_16(m.I8_FC2_OUT, m.I8_FC3_WEIGHTS, m.I8_FC3_PARAMS, m.FC3_OUT, 64, 16, FLOATS);          // 10 of 16
    f32_sigmoid(m.FC3_OUT, output + face * 40, 10);                                                    // 10
  }
}
