import { describe, expect, it } from "vitest";
import { resolveBox } from "../../src/core/box.ts";
import { readReference, reference } from "../support/reference.ts";

const toBox = ([x, y, width, height]: number[]) => ({ x: x!, y: y!, width: width!, height: height! });

describe("resolveBox", () => {
  const image = { data: new Uint8Array(0), width: 100, height: 80 };

  it.each([
    ["the whole image by default", undefined, 1, [0, 0, 100, 80]],
    ["corners truncated", [10.9, 20.9, 30.2, 9.3], 1, [10, 20, 31, 10]],
    ["clipped on all sides", [-10, -5, 500, 500], 1, [0, 0, 100, 80]],
    ["expanded about the centre", [40, 40, 20, 10], 1.5, [35, 37, 30, 15]],
    ["expanded, then clipped", [0, 0, 20, 10], 2, [0, 0, 30, 15]],
    ["shrunk", [40, 40, 20, 10], 0.5, [45, 42, 10, 5]],
  ])("%s", (_, box, expand, want) => {
    expect(resolveBox(image, box && toBox(box), expand)).toEqual(toBox(want));
  });

  it.skipIf(!reference)("cuts the boxes of the golden cases as the zoo's demos do (needs ../shared)", () => {
    const { cases } = JSON.parse(readReference("golden/golden.json").toString()) as {
      cases: { box: number[]; clipped: number[] }[];
    };
    expect(cases).toHaveLength(64);
    for (const { box, clipped } of cases) {
      expect(resolveBox({ ...image, width: 80, height: 80 }, toBox(box), 1)).toEqual(toBox(clipped));
    }
  });
});
