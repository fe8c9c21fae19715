/** Shrinking against OpenCV's INTER_AREA (test/fixtures/make_shrink.py) and the definition in float64, in both tiers. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { instantiateFinder } from "../../src/core/finder/model.ts";
import { shrinkInto } from "../../src/core/finder/shrink.ts";
import { checkImage } from "../../src/core/image.ts";
import { sizeWithin } from "../../src/core/reading.ts";
import type { ImageLike, PixelFormat } from "../../src/core/types.ts";
import fixture from "../fixtures/shrink.json" with { type: "json" };
import { shrink } from "../reference/shrink.ts";
import { bgrImage, convert, ORDER } from "../support/images.ts";
import { random } from "../support/random.ts";

const expected = new Uint8Array(readFileSync("test/fixtures/shrink.bin"));
const MAX_SIDE = 320;
const padded = (side: number) => Math.ceil(side / 32) * 32;

/** How far a mean may be off before it is rounded: as assembly/image/u8_shrink_area.ts derives it. */
const bound = (samplesDown: number, samplesAlong: number) =>
  255 * (samplesDown + samplesAlong) * 2 ** -14 + 2 ** -8;

describe("sizeWithin", () => {
  it.each([
    [1, 1, 320, 1, 1],
    [320, 320, 320, 320, 320],
    [321, 320, 320, 320, 319],
    [4000, 3000, 320, 320, 240],
    [3000, 4000, 640, 480, 640],
    [100_000, 1, 320, 320, 1],
    [1, 100_000, 32, 1, 32],
    [31, 17, 32, 31, 17],
  ])("%d × %d at most %d: %d × %d", (width, height, maxSide, toWidth, toHeight) => {
    expect(sizeWithin({ width, height }, maxSide)).toEqual({ width: toWidth, height: toHeight });
  });
});

describe.each(["baseline", "relaxed"] as const)("shrinking, %s", (tier) => {
  const file = tier === "relaxed" ? "dist/finder-relaxed.wasm" : "dist/finder.wasm";
  const model = instantiateFinder(new WebAssembly.Module(readFileSync(file)));
  model.reserve(MAX_SIDE);

  /** The image's part of the canvas, RGB; all that lies outside of it must be black. */
  function shrunk(image: ImageLike, to: { width: number; height: number }): Uint8Array {
    for (
      let slot = 0;
      slot < 8;
      slot++ // of no effect
    )
      new Uint8Array(model.memory.buffer, model.row(slot), model.rowBytes()).fill(201);
    const canvas = new Uint8Array(
      model.memory.buffer,
      model.canvas(),
      padded(to.width) * padded(to.height) * 3,
    );
    canvas.fill(99);
    shrinkInto(model, checkImage(image), to);
    const row = padded(to.width) * 3;
    const out = new Uint8Array(to.width * to.height * 3);
    for (let y = 0; y < padded(to.height); y++) {
      const line = canvas.subarray(y * row, (y + 1) * row);
      const filled = y < to.height ? to.width * 3 : 0;
      if (filled > 0) out.set(line.subarray(0, filled), y * to.width * 3);
      expect(
        line.subarray(filled).every((v) => v === 0),
        `row ${y} outside the image`,
      ).toBe(true);
    }
    return out;
  }

  const swapped = (bgr: Uint8Array) => bgr.map((_, i) => bgr[i - (i % 3) + 2 - (i % 3)]!);

  let at = 0;
  it.each(
    fixture.cases.map((each) => {
      const from = at;
      at += each.to[0]! * each.to[1]! * 3;
      return { ...each, from, end: at };
    }),
  )("equals OpenCV but where a mean lies on the edge: $kind $width×$height to $to", (each) => {
    const bgr = bgrImage(each);
    const [width, height] = each.to as [number, number];
    expect(sizeWithin(each, each.maxSide)).toEqual({ width, height });
    const want = swapped(expected.subarray(each.from, each.end));
    const exact = shrink(swapped(bgr), each, { width, height }, 3);
    const off = bound(each.height / height + 2, each.width / width + 2);
    const got = shrunk(convert(bgr, each, "bgr"), { width, height });
    let differences = 0;
    got.forEach((v, i) => {
      if (v === want[i]) return;
      differences++;
      const fromEdge = Math.abs(exact[i]! - Math.floor(exact[i]!) - 0.5);
      expect(Math.abs(v - want[i]!), `byte ${i}`).toBe(1);
      expect(fromEdge, `byte ${i}: ${exact[i]}`).toBeLessThanOrEqual(off);
    });
    expect(differences / got.length).toBeLessThan(0.3);
    for (const [format, gap, offset] of [
      ["rgba", 0, 0],
      ["rgb", 5, 1],
      ["bgra", 3, 2],
    ] as const)
      expect(shrunk(convert(bgr, each, format, gap, offset), { width, height }), format).toEqual(got);
  });

  // Samples of all rows, of every second … row, and (from 32 KB a row on) of every second … pixel.
  it.each<[PixelFormat, number, number, number]>([
    ["rgba", 1, 1, 32],
    ["rgb", 2, 3, 32],
    ["gray", 31, 17, 32],
    ["bgr", 33, 1, 32],
    ["gray", 1, 33, 32],
    ["rgb", 192, 191, 32],
    ["rgba", 193, 193, 32],
    ["gray", 288, 289, 32],
    ["bgra", 401, 1000, 64],
    ["rgb", 999, 701, 320],
    ["gray", 5000, 3, 320],
    ["rgba", 3, 5000, 320],
    ["gray", 40_000, 2, 64],
    ["rgba", 8193, 40, 64],
    ["rgb", 30_000, 9, 320],
    ["gray", 2, 40_000, 64],
  ])("is the mean by the definition: %s %d × %d at most %d", (format, width, height, maxSide) => {
    const next = random(width + 7 * height);
    const order = ORDER[format];
    const data = Uint8Array.from({ length: width * height * order.length }, () => 256 * next());
    const to = sizeWithin({ width, height }, maxSide);
    const step = {
      x: Math.ceil((width * order.length) / model.rowBytes()),
      y: Math.max(1, Math.floor(height / to.height / 3)),
    };
    const means = shrink(data, { width, height }, to, order.length, step);
    const got = shrunk({ data, width, height, format }, to);
    const off = 0.5 + bound(height / to.height / step.y + 2, width / to.width / step.x + 2);
    let worst = 0;
    got.forEach((v, i) => {
      const channel = order.length === 1 ? 0 : order.indexOf(2 - (i % 3));
      worst = Math.max(worst, Math.abs(v - means[Math.floor(i / 3) * order.length + channel]!));
    });
    expect(worst).toBeLessThanOrEqual(off);
  });

  it("passes an image that is small enough through", () => {
    const bgr = bgrImage({ kind: "noise", width: 97, height: 61, seed: 4 });
    const image = convert(bgr, { width: 97, height: 61 }, "rgba");
    expect(shrunk(image, { width: 97, height: 61 })).toEqual(swapped(bgr));
  });

  it("reading every second or third row hardly changes a photo", () => {
    // A smooth image, as photos of so many pixels are, with the noise of a sensor.
    const [width, height] = [1200, 900];
    const next = random(3);
    const data = Uint8Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return 128 + 60 * Math.sin(x / 40) * Math.cos(y / 30) + 40 * Number(x + y > 900) + 16 * (next() - 0.5);
    });
    const to = sizeWithin({ width, height }, 100);
    const got = shrunk({ data, width, height, format: "gray" }, to);
    const exact = shrink(data, { width, height }, to, 1);
    let sum = 0;
    exact.forEach((v, i) => {
      sum += Math.abs(v - got[3 * i]!);
    });
    expect(sum / exact.length).toBeLessThan(1); // rounding alone: 0.25
  });

  it("reads no byte outside the image", () => {
    const image = { width: 41, height: 29 };
    const bgr = bgrImage({ kind: "noise", ...image, seed: 8 });
    for (const format of ["rgba", "rgb", "gray"] as const) {
      const wide = convert(bgr, image, format, 64, 32);
      const cut = { ...wide, data: wide.data.slice() };
      for (let y = 0; y < 29; y++) {
        const end = y * wide.stride! + 41 * ORDER[format].length;
        (cut.data as Uint8Array).fill(250, end, end + 64);
      }
      expect(shrunk(cut, image)).toEqual(shrunk(wide, image));
    }
  });
});
