/**
 * For bench/stages.ts: the network's stages by themselves, and loops that do nothing but multiply and add, which show
 * the most that wasm can ask of the machine.
 */
import { PARAMETERS } from "../../assembly/landmarks/memory";
import { madd } from "../../assembly/simd";

export * from "../../assembly/landmarks/index";
export { f32_affine_input } from "../../assembly/kernels/f32_affine_input";
export { f32_conv3x3_2x2x8 } from "../../assembly/kernels/f32_conv3x3_2x2x8";
export { f32_dense_32 } from "../../assembly/kernels/f32_dense_32";
export { f32_depthwise6x6_8 } from "../../assembly/kernels/f32_depthwise6x6_8";
export { f32_sigmoid } from "../../assembly/kernels/f32_sigmoid";
export { i16_dense_16 } from "../../assembly/kernels/i16_dense_16";
export { i16_depthwise6x6 } from "../../assembly/kernels/i16_depthwise6x6";
export { i16_input_pairs } from "../../assembly/kernels/i16_input_pairs";
export * from "../../assembly/landmarks/memory";
export { conv1, conv2, conv3, conv4, conv5 } from "../../assembly/landmarks/network";
export {
  conv1 as i8_conv1,
  conv2 as i8_conv2,
  conv3 as i8_conv3,
  conv4 as i8_conv4,
  conv5 as i8_conv5,
} from "../../assembly/landmarks/network_int8";
export * from "../../test/assembly/reference/landmarks_direct";

/** Factors: zeros, which are as quick as any. */
const PEAK: usize = memory.data(32, 64);

/** sum + x·w, on four floats or on eight int16. */
@inline
function multiplyAdd(int16: bool, x: v128, w: v128, sum: v128): v128 {
  return int16 ? i32x4.add(sum, i32x4.dot_i16x8_s(x, w)) : madd(x, w, sum);
}

/**
 * 12 vectors of multiply-adds a turn, as many independent sums as registers hold: as in the products of the kernels, two
 * vectors stay in registers and six broadcasts come from memory. Factors that are all in memory are slower by a tenth.
 */
@inline
function peak(int16: bool, turns: i32): i32 {
  const u = v128.load(PEAK);
  const v = v128.load(PEAK, 16);
  let a = u,
    b = u,
    c = u,
    d = u,
    e = u,
    f = u;
  let g = u,
    h = u,
    i = u,
    j = u,
    k = u,
    l = u;
  for (let turn = 0; turn < turns; turn++) {
    const z0 = v128.load32_splat(PEAK, 0);
    a = multiplyAdd(int16, z0, u, a);
    b = multiplyAdd(int16, z0, v, b);
    const z1 = v128.load32_splat(PEAK, 4);
    c = multiplyAdd(int16, z1, u, c);
    d = multiplyAdd(int16, z1, v, d);
    const z2 = v128.load32_splat(PEAK, 8);
    e = multiplyAdd(int16, z2, u, e);
    f = multiplyAdd(int16, z2, v, f);
    const z3 = v128.load32_splat(PEAK, 12);
    g = multiplyAdd(int16, z3, u, g);
    h = multiplyAdd(int16, z3, v, h);
    const z4 = v128.load32_splat(PEAK, 16);
    i = multiplyAdd(int16, z4, u, i);
    j = multiplyAdd(int16, z4, v, j);
    const z5 = v128.load32_splat(PEAK, 20);
    k = multiplyAdd(int16, z5, u, k);
    l = multiplyAdd(int16, z5, v, l);
  }
  const s = v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), v128.xor(v128.xor(e, f), v128.xor(g, h)));
  return i32x4.extract_lane(v128.xor(s, v128.xor(v128.xor(i, j), v128.xor(k, l))), 0);
}

/** 12 × 4 multiply-adds of floats a turn. */
export function peak_f32(turns: i32): i32 {
  return peak(false, turns);
}

/** 12 × 8 of int16. */
export function peak_i16(turns: i32): i32 {
  return peak(true, turns);
}

/** Reads 512 KB of weights, as much as a large stage's, 64 bytes a turn. */
export function read(): i32 {
  let a = i32x4.splat(0),
    b = a,
    c = a,
    d = a;
  for (let at = PARAMETERS; at < PARAMETERS + 524_288; at += 64) {
    a = v128.xor(a, v128.load(at));
    b = v128.xor(b, v128.load(at, 16));
    c = v128.xor(c, v128.load(at, 32));
    d = v128.xor(d, v128.load(at, 48));
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}
