/**
 * For bench/stages.ts: the network's stages by themselves, and loops that do nothing but multiply and add, which show
 * the most that wasm can ask of the machine.
 */
import { PARAMETERS } from "../../assembly/memory";
import { madd } from "../../assembly/simd";

export * from "../../assembly/index";
export { f32_affine_input } from "../../assembly/kernels/f32_affine_input";
export { f32_conv3x3_2x2x8 } from "../../assembly/kernels/f32_conv3x3_2x2x8";
export { f32_dense_32 } from "../../assembly/kernels/f32_dense_32";
export { f32_depthwise6x6_8 } from "../../assembly/kernels/f32_depthwise6x6_8";
export { f32_sigmoid } from "../../assembly/kernels/f32_sigmoid";
export { i16_dense_16 } from "../../assembly/kernels/i16_dense_16";
export { i16_depthwise6x6 } from "../../assembly/kernels/i16_depthwise6x6";
export { i16_input_pairs } from "../../assembly/kernels/i16_input_pairs";
export * from "../../assembly/memory";
export { conv1, conv2, conv3, conv4, conv5 } from "../../assembly/network";
export {
  conv1 as i8_conv1,
  conv2 as i8_conv2,
  conv3 as i8_conv3,
  conv4 as i8_conv4,
  conv5 as i8_conv5,
} from "../../assembly/network_int8";
export { packDirect } from "../../assembly/pack";

/** Factors: zeros, which are as quick as any. */
const PEAK: usize = memory.data(32, 64);

/**
 * 12 × 4 multiply-adds a turn, as many independent sums as registers hold: as in the products of the kernels, two vectors
 * stay in registers and six broadcasts come from memory. Factors that are all in memory are slower by a tenth.
 */
export function peak_f32(turns: i32): f32 {
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
    a = madd(z0, u, a);
    b = madd(z0, v, b);
    const z1 = v128.load32_splat(PEAK, 4);
    c = madd(z1, u, c);
    d = madd(z1, v, d);
    const z2 = v128.load32_splat(PEAK, 8);
    e = madd(z2, u, e);
    f = madd(z2, v, f);
    const z3 = v128.load32_splat(PEAK, 12);
    g = madd(z3, u, g);
    h = madd(z3, v, h);
    const z4 = v128.load32_splat(PEAK, 16);
    i = madd(z4, u, i);
    j = madd(z4, v, j);
    const z5 = v128.load32_splat(PEAK, 20);
    k = madd(z5, u, k);
    l = madd(z5, v, l);
  }
  const s = f32x4.add(
    f32x4.add(f32x4.add(a, b), f32x4.add(c, d)),
    f32x4.add(f32x4.add(e, f), f32x4.add(g, h)),
  );
  return f32x4.extract_lane(f32x4.add(s, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0);
}

/** The same in int16, 12 × 8 multiply-adds a turn. */
export function peak_i16(turns: i32): i32 {
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
    a = i32x4.add(a, i32x4.dot_i16x8_s(z0, u));
    b = i32x4.add(b, i32x4.dot_i16x8_s(z0, v));
    const z1 = v128.load32_splat(PEAK, 4);
    c = i32x4.add(c, i32x4.dot_i16x8_s(z1, u));
    d = i32x4.add(d, i32x4.dot_i16x8_s(z1, v));
    const z2 = v128.load32_splat(PEAK, 8);
    e = i32x4.add(e, i32x4.dot_i16x8_s(z2, u));
    f = i32x4.add(f, i32x4.dot_i16x8_s(z2, v));
    const z3 = v128.load32_splat(PEAK, 12);
    g = i32x4.add(g, i32x4.dot_i16x8_s(z3, u));
    h = i32x4.add(h, i32x4.dot_i16x8_s(z3, v));
    const z4 = v128.load32_splat(PEAK, 16);
    i = i32x4.add(i, i32x4.dot_i16x8_s(z4, u));
    j = i32x4.add(j, i32x4.dot_i16x8_s(z4, v));
    const z5 = v128.load32_splat(PEAK, 20);
    k = i32x4.add(k, i32x4.dot_i16x8_s(z5, u));
    l = i32x4.add(l, i32x4.dot_i16x8_s(z5, v));
  }
  const s = i32x4.add(
    i32x4.add(i32x4.add(a, b), i32x4.add(c, d)),
    i32x4.add(i32x4.add(e, f), i32x4.add(g, h)),
  );
  return i32x4.extract_lane(i32x4.add(s, i32x4.add(i32x4.add(i, j), i32x4.add(k, l))), 0);
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
