/**
 * The finder's network in float64, by the obvious loops, channel-major as its weights files have it, and what its outputs
 * mean. Shares nothing with the kernels and the core.
 */
import { affine, prelu, type Tensors } from "./network.ts";

export interface Planes {
  readonly data: Float64Array;
  readonly width: number;
  readonly height: number;
}

/** The heads by the number of pixels that a cell stands for. */
export const STRIDES = [8, 16, 32] as const;
export type Stride = (typeof STRIDES)[number];

/**
 * out[o][y][x] = bias[o] + Σ in[i][y + ky − r][x + kx − r] · weight[o][i][ky][kx], zeros outside. Filters are 2r + 1 pixels wide and
 * high, 1×1 or 3×3, which the number of weights tells.
 */
export function convolve(
  { data, width, height }: Planes,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
): Planes {
  const area = width * height;
  const inputs = data.length / area;
  const side = Math.sqrt(weight.length / (bias.length * inputs));
  const reach = (side - 1) / 2;
  const out = new Float64Array(bias.length * area);
  for (let o = 0; o < bias.length; o++) {
    const plane = out.subarray(o * area, (o + 1) * area).fill(bias[o]!);
    for (let i = 0; i < inputs; i++) {
      for (let tap = 0; tap < side ** 2; tap++) {
        const w = weight[(o * inputs + i) * side ** 2 + tap]!;
        const [dy, dx] = [Math.floor(tap / side) - reach, (tap % side) - reach];
        for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
          const from = i * area + (y + dy) * width + dx;
          for (let x = Math.max(0, -dx); x < Math.min(width, width - dx); x++)
            plane[y * width + x]! += w * data[from + x]!;
        }
      }
    }
  }
  return { data: out, width, height };
}

/** Each pixel as 2×2. */
export function double({ data, width, height }: Planes): Planes {
  const out = Float64Array.from({ length: 4 * data.length }, (_, i) => {
    const [y, x] = [Math.floor(i / (2 * width)), i % (2 * width)]; // rows of all planes, one below the other
    return data[Math.floor(y / 2) * width + Math.floor(x / 2)]!;
  });
  return { data: out, width: 2 * width, height: 2 * height };
}

/** The sum of two maps. */
export const add = (a: Planes, b: Planes): Planes => ({ ...a, data: a.data.map((v, i) => v + b.data[i]!) });

/** The maximum of each 2×2 pixels. */
export function halve({ data, width, height }: Planes): Planes {
  const [w, h] = [width / 2, height / 2];
  const out = Float64Array.from({ length: data.length / 4 }, (_, i) => {
    const at = (Math.floor(i / w) * 2 * width + (i % w) * 2) as number;
    return Math.max(data[at]!, data[at + 1]!, data[at + width]!, data[at + width + 1]!);
  });
  return { data: out, width: w, height: h };
}

/** u8 [height][width][3] → 12 planes of half the size: 4 · colour + 2 · (row mod 2) + column mod 2, in 0..1. */
export function spaceToDepth(canvas: ArrayLike<number>, width: number, height: number): Planes {
  const [w, h] = [width / 2, height / 2];
  const data = Float64Array.from({ length: 12 * w * h }, (_, i) => {
    const channel = Math.floor(i / (w * h));
    const y = 2 * (Math.floor(i / w) % h) + (Math.floor(channel / 2) % 2);
    const x = 2 * (i % w) + (channel % 2);
    return canvas[(y * width + x) * 3 + Math.floor(channel / 4)]! / 255;
  });
  return { data, width: w, height: h };
}

/**
 * The activations after every stage.
 * @param canvas u8 [height][width][3] RGB, sides multiples of 32
 */
export function forward(
  tensors: Tensors,
  canvas: ArrayLike<number>,
  width: number,
  height: number,
): Map<string, Planes> {
  const get = (name: string) => tensors.get(name)!;
  const maps = new Map<string, Planes>();
  const stage = (name: string, input: Planes, pooled = false): Planes => {
    let map = convolve(input, get(`${name}.weight`), get(`${name}.bias`));
    map = { ...map, data: prelu(map.data, get(`${name}.slope`)[0]!) };
    if (pooled) map = halve(map);
    map = { ...map, data: affine(map.data, get(`${name}.scale`), get(`${name}.shift`)) };
    maps.set(name, map);
    return map;
  };
  const point = (name: string, input: Planes): Planes => {
    const map = convolve(input, get(`${name}.weight`), get(`${name}.bias`));
    maps.set(name, map);
    return map;
  };
  const conv1 = stage("conv1", spaceToDepth(canvas, width, height), true);
  const conv3 = stage("conv3", stage("conv2", conv1), true);
  const conv5 = stage("conv5", stage("conv4", conv3));
  const conv7 = stage("conv7", stage("conv6", halve(conv5)));
  const conv9 = stage("conv9", stage("conv8", halve(conv7)));
  const conv10 = stage("conv10", add(conv7, double(point("up16", conv9))));
  const conv11 = stage("conv11", add(conv5, double(point("up8", conv10))));
  point("head8", conv11);
  point("head16", conv10);
  point("head32", conv9);
  return maps;
}

export interface Candidate {
  readonly score: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What every cell of the heads proposes, in pixels of the canvas. */
export function decode(maps: ReadonlyMap<string, Planes>): Candidate[] {
  return STRIDES.flatMap((stride) => {
    const { data, width, height } = maps.get(`head${stride}`)!;
    return Array.from({ length: width * height }, (_, cell) => {
      const o = (k: number) => data[k * width * height + cell]!;
      const x = ((cell % width) + 0.5 + o(1)) * stride;
      const y = (Math.floor(cell / width) + 0.5 + o(2)) * stride;
      const [w, h] = [o(3), o(4)].map((v) => 3 * stride * Math.exp(Math.min(Math.max(v, -4), 4)));
      return {
        score: 1 / (1 + Math.exp(-o(0))),
        left: x - w! / 2,
        top: y - h! / 2,
        right: x + w! / 2,
        bottom: y + h! / 2,
      };
    });
  });
}

/** Greedy non-maximum suppression: the best of those that are left, then all go that share more than 0.45 with it. */
export function suppress(candidates: readonly Candidate[], minScore: number): Candidate[] {
  let left = candidates
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score)
    .slice(0, 600);
  const kept: Candidate[] = [];
  while (left.length > 0) {
    const best = left[0]!;
    kept.push(best);
    left = left.slice(1).filter((other) => intersectionOverUnion(best, other) <= 0.45);
  }
  return kept;
}

export function intersectionOverUnion(a: Candidate, b: Candidate): number {
  const area = (box: Candidate) => Math.max(0, box.right - box.left) * Math.max(0, box.bottom - box.top);
  const shared = area({
    score: 0,
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  return shared / (area(a) + area(b) - shared);
}
