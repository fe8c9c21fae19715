/** Warps against the real OpenCV's warpAffine (test/fixtures/make_warp.py), in all formats, by windows, by pairs of pixels and by rows. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FORMATS as BGR, checkImage } from "../../src/core/image.ts";
import { instantiate, type ModelExports } from "../../src/core/model.ts";
import type { Matrix } from "../../src/core/similarity.ts";
import type { PixelFormat } from "../../src/core/types.ts";
import { beginWarp, warpRows } from "../../src/core/warp-wasm.ts";
import fixture from "../fixtures/warp.json" with { type: "json" };
import { bgrImage, convert } from "../support/images.ts";

const expected = new Uint8Array(readFileSync("test/fixtures/warp.bin"));
const FORMATS: PixelFormat[] = ["bgr", "rgb", "rgba", "bgra"];

describe.each(["model.wasm", "model-relaxed.wasm"])("%s", (file) => {
  const model = instantiate(new WebAssembly.Module(readFileSync(`dist/${file}`)));
  let end = 0;
  const cases = fixture.warps.map((each, i) => {
    const from = end;
    end += each.columns * each.rows * 3;
    return { ...each, i, bgr: bgrImage(each), output: expected.subarray(from, end) };
  });

  /** The bytes that a warp leaves, in bands of at most `band` rows; fails when it writes a byte before or behind them. */
  function warped(
    exports: ModelExports,
    each: (typeof cases)[number],
    format: PixelFormat,
    band: number,
    gap = 5,
  ) {
    const pixels = checkImage(convert(each.bgr, each, format, gap, 3));
    const warp = {
      inverse: each.inverse as unknown as Matrix,
      columns: each.columns,
      order: BGR[pixels.format].slice(1),
      border: each.border as "replicate" | number[],
    };
    const rowBytes = each.columns * 3;
    const out = new Uint8Array(rowBytes * each.rows);
    const memory = new Uint8Array(exports.memory.buffer);
    beginWarp(exports, pixels, warp);
    for (let first = 0; first < each.rows; first += band) {
      const rows = Math.min(band, each.rows - first);
      const at = exports.crops() + 16;
      memory.fill(0xa5, at - 8, at + rows * rowBytes + 8);
      warpRows(exports, pixels, warp, first, rows, at);
      out.set(memory.subarray(at, at + rows * rowBytes), first * rowBytes);
      const beside = [
        ...memory.subarray(at - 8, at),
        ...memory.subarray(at + rows * rowBytes).subarray(0, 8),
      ];
      expect(beside).toEqual(Array(16).fill(0xa5));
    }
    return out;
  }

  it.each(cases)("equals OpenCV: warp $i of $width × $height to $columns × $rows, $border", (each) => {
    for (const format of FORMATS) {
      for (const band of [each.rows, 5]) expect(warped(model, each, format, band)).toEqual(each.output);
    }
  });

  it("reads the same by pairs of pixels, and by rows where the image's last ones have nothing behind them", () => {
    const narrow: ModelExports = { ...model, windowBytes: () => 0 };
    for (const each of cases) {
      for (const format of FORMATS) {
        for (const gap of [8, 0]) expect(warped(narrow, each, format, each.rows, gap)).toEqual(each.output);
      }
    }
  });
});
