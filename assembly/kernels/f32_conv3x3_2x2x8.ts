/**
 * Direct 3×3 convolution, stride 1, padding 1, fused with everything up to the next convolution:
 *
 *   y = affine(pool(prelu(conv(x) + bias)))      affine(v) = v · scale[c] + shift[c]
 *
 * A tile is a 2×2 window of pixels by 8 channels: eight accumulators, which hide the latency of the multiply-add,
 * two weight vectors and four broadcast pixels fit the 15 registers that V8 leaves. The window is also the pooling
 * window, so a pooled stage keeps the maximum of its four pixels in registers. PReLU comes before the maximum:
 * a slope below 0 isn't monotone.
 *
 * input    f32 [height+2][width+2][IC], zero border of one pixel. The three taps of one kernel row are 3·IC floats in
 *          a row of memory, so the taps of a window need one loop per kernel row.
 * weights  f32 bias[OC], scale[OC], shift[OC], slope[4], then [OC/8][3][3][IC][8]       (docs/LAYOUTS.md)
 * output   f32 [height+2][width+2][OC], or half of both when pooled; the interior is written
 *
 * Preconditions: width and height even, OC a multiple of 8, pointers 4-byte aligned.
 * Sum: starts at the bias, then kernel row, kernel column, input channel. Reference: test/reference/network.ts.
 */
import { madd, prelu } from "../simd";

export function f32_conv3x3_2x2x8(
  input: usize,
  weights: usize,
  output: usize,
  width: i32,
  height: i32,
  inputChannels: i32,
  outputChannels: i32,
  pooled: bool,
): void {
  const pixel: usize = (<usize>inputChannels) << 2;
  const row: usize = <usize>(width + 2) * pixel;
  const outPixel: usize = (<usize>outputChannels) << 2;
  const outRow: usize = <usize>((pooled ? width >> 1 : width) + 2) * outPixel;
  const params = weights;
  weights += 3 * outPixel + 16;
  const slope = v128.load32_splat(params + 3 * outPixel);
  const panel: usize = 9 * pixel * 8;

  for (let oc: usize = 0; oc < outPixel; oc += 32) {
    const bias0 = v128.load(params + oc);
    const bias1 = v128.load(params + oc, 16);
    const scales = params + outPixel + oc;
    const shifts = params + 2 * outPixel + oc;
    let outWindow = output + outRow + outPixel + oc;
    for (let y = 0; y < height; y += 2) {
      let window = input + <usize>y * row;
      let out = outWindow;
      for (let x = 0; x < width; x += 2) {
        let a0 = bias0;
        let a1 = bias1;
        let b0 = bias0;
        let b1 = bias1;
        let c0 = bias0;
        let c1 = bias1;
        let d0 = bias0;
        let d1 = bias1;
        let w = weights;
        let tap = window;
        for (let ky = 0; ky < 3; ky++) {
          const end = tap + 3 * pixel;
          for (let p = tap; p < end; p += 4) {
            const w0 = v128.load(w);
            const w1 = v128.load(w, 16);
            const a = v128.load32_splat(p);
            a0 = madd(a, w0, a0);
            a1 = madd(a, w1, a1);
            const b = v128.load32_splat(p + pixel);
            b0 = madd(b, w0, b0);
            b1 = madd(b, w1, b1);
            const c = v128.load32_splat(p + row);
            c0 = madd(c, w0, c0);
            c1 = madd(c, w1, c1);
            const d = v128.load32_splat(p + row + pixel);
            d0 = madd(d, w0, d0);
            d1 = madd(d, w1, d1);
            w += 32;
          }
          tap += row;
        }
        const scale0 = v128.load(scales);
        const scale1 = v128.load(scales, 16);
        const shift0 = v128.load(shifts);
        const shift1 = v128.load(shifts, 16);
        a0 = prelu(a0, slope);
        a1 = prelu(a1, slope);
        b0 = prelu(b0, slope);
        b1 = prelu(b1, slope);
        c0 = prelu(c0, slope);
        c1 = prelu(c1, slope);
        d0 = prelu(d0, slope);
        d1 = prelu(d1, slope);
        if (pooled) {
          a0 = f32x4.max(f32x4.max(a0, b0), f32x4.max(c0, d0));
          a1 = f32x4.max(f32x4.max(a1, b1), f32x4.max(c1, d1));
          v128.store(out, madd(a0, scale0, shift0));
          v128.store(out, madd(a1, scale1, shift1), 16);
          out += outPixel;
        } else {
          v128.store(out, madd(a0, scale0, shift0));
          v128.store(out, madd(a1, scale1, shift1), 16);
          v128.store(out + outPixel, madd(b0, scale0, shift0));
          v128.store(out + outPixel, madd(b1, scale1, shift1), 16);
          v128.store(out + outRow, madd(c0, scale0, shift0));
          v128.store(out + outRow, madd(c1, scale1, shift1), 16);
          v128.store(out + outRow + outPixel, madd(d0, scale0, shift0));
          v128.store(out + outRow + outPixel, madd(d1, scale1, shift1), 16);
          out += 2 * outPixel;
        }
        window += 2 * pixel;
      }
      outWindow += pooled ? outRow : 2 * outRow;
    }
    weights += panel;
  }
}
