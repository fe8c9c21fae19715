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
const PEAK: usize = memory.data(12 * 16, 64);

/**
 * 12 × 4 multiply-adds a turn, as many independent sums as registers hold. One factor changes and one is in memory, so
 * that none can leave the loop.
 */
export function peak_f32(turns: i32): f32 {
  const one = f32x4.splat(1);
  let x = f32x4.splat(0.5);
  let a = x,
    b = x,
    c = x,
    d = x,
    e = x,
    f = x;
  let g = x,
    h = x,
    i = x,
    j = x,
    k = x,
    l = x;
  for (let turn = 0; turn < turns; turn++) {
    a = madd(x, v128.load(PEAK, 0), a);
    b = madd(x, v128.load(PEAK, 16), b);
    c = madd(x, v128.load(PEAK, 32), c);
    d = madd(x, v128.load(PEAK, 48), d);
    e = madd(x, v128.load(PEAK, 64), e);
    f = madd(x, v128.load(PEAK, 80), f);
    g = madd(x, v128.load(PEAK, 96), g);
    h = madd(x, v128.load(PEAK, 112), h);
    i = madd(x, v128.load(PEAK, 128), i);
    j = madd(x, v128.load(PEAK, 144), j);
    k = madd(x, v128.load(PEAK, 160), k);
    l = madd(x, v128.load(PEAK, 176), l);
    x = f32x4.add(x, one);
  }
  const s = f32x4.add(
    f32x4.add(f32x4.add(a, b), f32x4.add(c, d)),
    f32x4.add(f32x4.add(e, f), f32x4.add(g, h)),
  );
  return f32x4.extract_lane(f32x4.add(s, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0);
}

/** The same in int16, 10 × 8 multiply-adds a turn. */
export function peak_i16(turns: i32): i32 {
  const one = i16x8.splat(1);
  let x = i16x8.splat(5);
  let a = x,
    b = x,
    c = x,
    d = x,
    e = x,
    f = x,
    g = x,
    h = x,
    i = x,
    j = x;
  for (let turn = 0; turn < turns; turn++) {
    a = i32x4.add(a, i32x4.dot_i16x8_s(x, v128.load(PEAK, 0)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(x, v128.load(PEAK, 16)));
    c = i32x4.add(c, i32x4.dot_i16x8_s(x, v128.load(PEAK, 32)));
    d = i32x4.add(d, i32x4.dot_i16x8_s(x, v128.load(PEAK, 48)));
    e = i32x4.add(e, i32x4.dot_i16x8_s(x, v128.load(PEAK, 64)));
    f = i32x4.add(f, i32x4.dot_i16x8_s(x, v128.load(PEAK, 80)));
    g = i32x4.add(g, i32x4.dot_i16x8_s(x, v128.load(PEAK, 96)));
    h = i32x4.add(h, i32x4.dot_i16x8_s(x, v128.load(PEAK, 112)));
    i = i32x4.add(i, i32x4.dot_i16x8_s(x, v128.load(PEAK, 128)));
    j = i32x4.add(j, i32x4.dot_i16x8_s(x, v128.load(PEAK, 144)));
    x = i16x8.add(x, one);
  }
  const s = i32x4.add(
    i32x4.add(i32x4.add(a, b), i32x4.add(c, d)),
    i32x4.add(i32x4.add(e, f), i32x4.add(g, h)),
  );
  return i32x4.extract_lane(i32x4.add(s, i32x4.add(i, j)), 0);
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
