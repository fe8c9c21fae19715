/**
 * The convolutions of assembly/winograd.ts, winograd_int8.ts and the direct kernel on maps that aren't square, in blocks that don't divide them, with
 * scratch of just the size that they ask for. A map of any size lies in a corner of a square one: beyond it are zeros, which
 * is how the references pad.
 */
import { describe, expect, it } from "vitest";
import { conv3x3, maxPool2x2 } from "../reference/network.ts";
import { absolute, WINOGRAD, winograd3x3 } from "../reference/winograd.ts";
import { expectWithin, finished, gamma } from "../support/bounds.ts";
import { toPanels } from "../support/layout.ts";
import { random } from "../support/random.ts";
import { floats, SEED } from "../support/values.ts";
import { Kernels, TIERS } from "../support/wasm.ts";

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Index of each number of a corner of square planes, in the order [height][width][channels]. */
const corner = (side: number, { width, height, channels }: Shape): number[] =>
  Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return ((i % channels) * side + Math.floor(pixel / width)) * side + (pixel % width);
  });

/** Square planes with zeros beyond the corner. */
function cropped<T extends Float32Array>(planes: T, side: number, shape: Shape): T {
  const inside = new Set(corner(side, shape));
  return planes.map((v, i) => (inside.has(i) ? v : 0)) as T;
}

/** Pixels of a side as it is stored, with its border: just so, or up to the edge of tiles of six (assembly/maps.ts). */
const exact = (side: number) => side + 2;
const tiled = (side: number) => Math.ceil(side / 6) * 6 + 2;

/** Where the numbers of a map's interior lie in [stored height][stored width][padded], in the order of `corner`. */
const interior = ({ width, height, channels }: Shape, padded = channels, stored = exact): number[] =>
  Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const y = Math.floor(pixel / width) + 1;
    return (y * stored(width) + (pixel % width) + 1) * padded + (i % channels);
  });

const mapSize = ({ width, height }: Shape, padded: number, stored = exact): number =>
  stored(width) * stored(height) * padded;

describe.each(TIERS)("convolutions on maps of any size, %s", (tier) => {
  const kernels = new Kernels("kernels", tier);
  const tileBytes = kernels.address("TILE_BYTES");
  const gap = kernels.address("GAP");

  it.each([
    // F, width, height, channels, outputs, pooled, tiles in a block, images
    [6, 18, 12, 3, 16, true, 4, 2],
    [6, 12, 30, 5, 32, true, 6, 1],
    [6, 30, 6, 8, 16, true, 6, 3],
    [6, 6, 18, 4, 16, false, 2, 1],
    [3, 9, 15, 8, 16, false, 4, 3],
    [3, 15, 3, 1, 32, false, 16, 2],
    // Tiles that reach beyond the map, blocks that begin and end inside a row of them.
    [6, 20, 14, 4, 16, true, 6, 2],
    [6, 7, 13, 4, 32, false, 4, 1],
    [3, 10, 5, 8, 16, false, 6, 2],
  ] as const)(
    "F(%d), %d×%d×%d → %d channels, pooled %s, blocks of %d tiles, %d images",
    (m, width, height, K, OC, pooled, block, images) => {
      const n2 = (m + 2) ** 2;
      const side = 30;
      const padded = (K + 3) & ~3;
      const from: Shape = { width, height, channels: K };
      const by = pooled ? 2 : 1;
      const to: Shape = { width: width / by, height: height / by, channels: OC };
      const weight = floats(OC * K * 9, 31);
      const bias = floats(OC, 32);
      const finish = { slope: Math.fround(-0.3), scale: floats(OC, 33, 2), shift: floats(OC, 34), pooled };
      const planes = Array.from({ length: images }, (_, i) =>
        cropped(floats(K * side * side, 35 + i, 2), side, from),
      );
      const map = new Float32Array(images * mapSize(from, padded, tiled));
      planes.forEach((plane, image) => {
        const at = interior(from, padded, tiled);
        corner(side, from).forEach((source, i) => {
          map[image * mapSize(from, padded, tiled) + at[i]!] = plane[source]!;
        });
      });
      const weights = kernels.output(3 * OC + 4 + n2 * K * OC);
      kernels
        .floats(weights, 3 * OC + 4)
        .set([...bias, ...finish.scale, ...finish.shift, finish.slope, 0, 0, 0]);
      const temp = kernels.output(3 * (m + 2) * 4);
      kernels.call("f32_winograd_filter", m, kernels.input(weight), K, OC, weights + (3 * OC + 4) * 4, temp);
      const output = kernels.output(images * mapSize(to, OC, tiled));
      const scratch = kernels.output((tileBytes + n2 * (block * 4 * (padded + OC) + 2 * gap)) / 4);
      const sizes = [width, height, images, K, OC, Number(pooled)];
      kernels.call("convolution", m, block, kernels.input(map), weights, output, ...sizes, scratch);
      const got = kernels.floats(output, images * mapSize(to, OC, tiled)).slice();
      kernels.check();
      const written = got.filter((v) => !Number.isNaN(v)).length;
      const covered = (pixels: number) => (Math.ceil(pixels / m) * m) / by;
      expect(written, "whole tiles, and no more").toBe(images * covered(width) * covered(height) * OC);

      const { BT, G, AT } = WINOGRAD[m]!;
      const matrices = { BT: absolute(BT), G: absolute(G), AT: absolute(AT) };
      const roundings = 1 + 2 * 8 + K + 2 * 8 + 1; // as in winograd.test.ts
      planes.forEach((plane, image) => {
        const terms = winograd3x3(m, matrices, plane.map(Math.abs), side, weight.map(Math.abs), OC);
        const error = terms.map(
          (t, i) => gamma(roundings) * (t + Math.abs(bias[Math.floor(i / side ** 2)]!)),
        );
        const { want, bound } = finished(conv3x3(plane, side, weight, bias), error, side, finish);
        const places = corner(side / by, to);
        expectWithin(
          interior(to, OC, tiled).map((at) => got[image * mapSize(to, OC, tiled) + at]!),
          places.map((i) => want[i]!),
          places.map((i) => bound[i]!),
        );
      });
    },
  );

  it.each([
    [10, 6, 3, 16, true],
    [4, 14, 5, 8, false],
  ] as const)("direct, %d×%d×%d → %d channels, pooled %s", (width, height, IC, OC, pooled) => {
    const side = 14;
    const by = pooled ? 2 : 1;
    const from: Shape = { width, height, channels: IC };
    const to: Shape = { width: width / by, height: height / by, channels: OC };
    const plane = cropped(floats(IC * side * side, 51, 2), side, from);
    const weight = floats(OC * IC * 9, 52);
    const bias = floats(OC, 53);
    const finish = { slope: 0.25, scale: floats(OC, 54, 2), shift: floats(OC, 55), pooled };
    const map = new Float32Array(mapSize(from, IC));
    const places = interior(from);
    corner(side, from).forEach((source, i) => {
      map[places[i]!] = plane[source]!;
    });
    const order = Array.from({ length: 9 * IC }, (_, i) => (i % IC) * 9 + Math.floor(i / IC));
    const params = [...bias, ...finish.scale, ...finish.shift, finish.slope, 0, 0, 0];
    const weights = kernels.input([...params, ...toPanels(weight, OC, 8, order)]);
    const output = kernels.output(mapSize(to, OC));
    const sizes = [width, height, IC, OC, Number(pooled)];
    kernels.call("f32_conv3x3_2x2x8", kernels.input(map), weights, output, ...sizes);
    const got = kernels.floats(output, mapSize(to, OC)).slice();
    kernels.check();
    const terms = conv3x3(plane.map(Math.abs), side, weight.map(Math.abs), bias.map(Math.abs));
    const error = terms.map((t) => gamma(9 * IC + 1) * t);
    const { want, bound } = finished(conv3x3(plane, side, weight, bias), error, side, finish);
    const inside = corner(side / by, to);
    expectWithin(
      interior(to).map((at) => got[at]!),
      inside.map((i) => want[i]!),
      inside.map((i) => bound[i]!),
    );
  });

  it.each([
    // width, height, channels, outputs, pooled, tiles in a block, images
    [12, 8, 8, 16, true, 4, 2],
    [8, 20, 16, 32, true, 6, 1],
    [24, 8, 4, 16, true, 6, 2],
    [16, 12, 3, 32, true, 10, 1],
    [9, 15, 8, 16, false, 4, 3],
    [3, 6, 24, 16, false, 2, 2],
  ] as const)(
    "int8, %d×%d×%d → %d channels, pooled %s, blocks of %d tiles, %d images: whole numbers, exactly",
    (width, height, channels, OC, pooled, block, images) => {
      const m = pooled ? 4 : 3;
      const n2 = (m + 2) ** 2;
      const side = pooled ? 24 : 15;
      const K = (channels + 3) & ~3;
      const halves = K === 4 ? 2 : 1;
      const from: Shape = { width, height, channels: K };
      const by = pooled ? 2 : 1;
      const to: Shape = { width: width / by, height: height / by, channels: OC };
      const next = random(SEED + 41);
      const whole = (length: number, most: number) =>
        Float32Array.from({ length }, () => Math.round((2 * next() - 1) * most));
      const weight = whole(OC * K * 9, 20);
      const planes = Array.from({ length: images }, () => cropped(whole(K * side * side, 100), side, from));
      // Rows of width + 2 pixels, or of width/2 + 2 pairs: pixel x of the left half, then of the right one.
      const rowSize = (width / halves + 2) * halves * K;
      const map = new Int16Array(images * (height + 2) * rowSize);
      planes.forEach((plane, image) => {
        for (let y = 0; y < height; y++) {
          for (let i = 0; i < rowSize; i++) {
            const half = Math.floor(i / K) % halves;
            const x = Math.floor(i / K / halves) - 1 + (half * width) / 2;
            const value = x < 0 || x >= width ? 0 : plane[((i % K) * side + y) * side + x]!;
            map[(image * (height + 2) + y + 1) * rowSize + i] = value;
          }
        }
      });
      const int16 = (values: ArrayLike<number>) =>
        kernels.input(new Float32Array(Int16Array.from(values).buffer));
      // [K][3][3][OC] out of [OC][K][3][3]
      const taps = weight.map((_, i) => weight[(i % OC) * K * 9 + Math.floor(i / OC)]!);
      const weights = kernels.output(3 * OC + 12 + (n2 * K * OC) / 2);
      const scale = 1 / (m === 4 ? 576 : 36);
      kernels
        .floats(weights, 3 * OC + 12)
        .set([
          ...new Array(OC).fill(0),
          ...new Array(OC).fill(scale),
          ...new Array(OC).fill(0),
          ...[1, 1, 1, 1, -32768, -32768, -32768, -32768, 32767, 32767, 32767, 32767],
        ]);
      const temp = kernels.output(2 * (m + 2) * (m + 5) * 4);
      kernels.call("i16_winograd_filter", m, int16(taps), K, OC, weights + (3 * OC + 12) * 4, temp);
      const output = kernels.output((images * mapSize(to, OC)) / 2);
      const before = new Int16Array(kernels.memory, output, images * mapSize(to, OC)).slice();
      const scratch = kernels.output((tileBytes + n2 * (block * (2 * K + 4 * OC) + 2 * gap)) / 4);
      const sizes = [width, height, images, channels, OC, Number(pooled)];
      kernels.call("convolution_int8", block, int16(map), weights, output, ...sizes, scratch);
      const got = new Int16Array(kernels.memory, output, images * mapSize(to, OC)).slice();
      kernels.check();
      const inside = new Set(interior(to));
      got.forEach((v, i) => {
        if (!inside.has(i % mapSize(to, OC))) expect(v, "the border").toBe(before[i]);
      });
      planes.forEach((plane, image) => {
        const sums = conv3x3(plane, side, weight, new Float32Array(OC));
        const pools = pooled ? maxPool2x2(sums, OC, side) : sums;
        const want = corner(side / by, to).map((i) => Math.min(Math.max(pools[i]!, -32768), 32767));
        expect(interior(to).map((at) => got[image * mapSize(to, OC) + at]!)).toEqual(want.map((v) => v || 0));
      });
    },
  );
});
