/**
 * The reference tier: the forward pass with direct convolutions. Slower than network.ts; each result is a sum in an order
 * that a scalar loop can follow. Tests and bench build it; the product doesn't carry it.
 */
import { f32_affine_input } from "../kernels/f32_affine_input";
import { f32_conv3x3_2x2x8 } from "../kernels/f32_conv3x3_2x2x8";
import { f32_dense_32 } from "../kernels/f32_dense_32";
import { f32_depthwise6x6_8 } from "../kernels/f32_depthwise6x6_8";
import { f32_sigmoid } from "../kernels/f32_sigmoid";
import * as m from "./memory";

const POOLED = true;
const SAME_SIZE = false;

/** crops: u8 [faces][48][48][3] BGR → landmarks: f32 [faces][10]. After `pack` and `packDirect`. */
export function landmarksDirect(crops: usize, output: usize, faces: i32): void {
  // prettier-ignore
  for (let face: usize = 0; face < <usize>faces; face++) {                                                           // a face's output
    f32_affine_input(crops + face * m.CROP_BYTES, m.INPUT_PARAMS, m.INPUT_MAP, 48, 48);                                      // 48×48×4
    f32_conv3x3_2x2x8(m.INPUT_MAP, m.DIRECT_CONV1_WEIGHTS, m.CONV1_PARAMS, m.CONV1_MAP, 48, 48,  4,  16, POOLED);       // 24×24×16
    f32_conv3x3_2x2x8(m.CONV1_MAP, m.DIRECT_CONV2_WEIGHTS, m.CONV2_PARAMS, m.CONV2_MAP, 24, 24, 16,  32, POOLED);       // 12×12×32
    f32_conv3x3_2x2x8(m.CONV2_MAP, m.DIRECT_CONV3_WEIGHTS, m.CONV3_PARAMS, m.CONV3_MAP, 12, 12, 32,  64, POOLED);       // 6×6×64
    f32_conv3x3_2x2x8(m.CONV3_MAP, m.DIRECT_CONV4_WEIGHTS, m.CONV4_PARAMS, m.CONV4_MAP,  6,  6, 64,  64, SAME_SIZE);    // 6×6×64
    f32_conv3x3_2x2x8(m.CONV4_MAP, m.DIRECT_CONV5_WEIGHTS, m.CONV5_PARAMS, m.CONV5_MAP,  6,  6, 64, 128, SAME_SIZE);    // 6×6×128
    f32_depthwise6x6_8(m.CONV5_MAP, m.DEPTHWISE_WEIGHTS, m.DEPTHWISE_PARAMS, m.DEPTHWISE_OUT, 128);          // 128
    f32_dense_32(m.DEPTHWISE_OUT, m.FC1_WEIGHTS, m.FC1_PARAMS, m.FC1_OUT, 128, 256);                         // 256
    f32_dense_32(m.FC1_OUT, m.FC2_WEIGHTS, m.FC2_PARAMS, m.FC2_OUT, 256, 64);                                // 64
    f32_dense_32(m.FC2_OUT, m.FC3_WEIGHTS, m.FC3_PARAMS, m.FC3_OUT, 64, 32);                                 // 10 of 32
    f32_sigmoid(m.FC3_OUT, output + face * 40, 10);                                                                   // 10
  }
}
