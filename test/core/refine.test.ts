/** Reading a face again: where, how often, and which answer is kept. */
import { createLandmarkerSync, type Face, type ImageLike, type Point } from "fivepoint";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { refine, squareAround, toImage } from "../../src/core/refine.ts";

/** Five points of an upright face about the origin, whose extent is 100 across. */
const FACE = [-50, -45, 50, -45, 0, 0, -40, 45, 40, 45];

/** Rotated by `degrees`, clockwise on a screen, and moved. */
function posed(degrees: number, scale = 1, x = 0, y = 0): number[] {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return FACE.map((_, i) => {
    const [px, py] = [FACE[i - (i % 2)]!, FACE[i - (i % 2) + 1]!];
    return i % 2 ? y + scale * (sin * px + cos * py) : x + scale * (cos * px - sin * py);
  });
}

describe("squareAround", () => {
  it.each([0, 30, -75, 90, 179])("follows a face rotated by %d°", (degrees) => {
    const square = squareAround(posed(degrees, 2, 300, 200))!;
    expect(square.rotation).toBeCloseTo((degrees * Math.PI) / 180, 1);
    // 2.1 × the larger extent, measured upright: within what the template's own slant of the eyes leaves.
    expect(square.side / (2.1 * 2 * 100)).toBeCloseTo(1, 1);
    // The middle of the extent lies 0.05 sides below the centre, along the face's own axis.
    const [cos, sin] = [Math.cos(square.rotation), Math.sin(square.rotation)];
    expect(square.x - sin * 0.05 * square.side).toBeCloseTo(300, -1);
    expect(square.y + cos * 0.05 * square.side).toBeCloseTo(200, -1);
  });

  it("is none for points in one place", () => {
    expect(squareAround(Array(10).fill(7))).toBeUndefined();
  });
});

describe("refine", () => {
  const square = squareAround(FACE)!;
  const first = faceOf(FACE, 0.4);

  function faceOf(points: readonly number[], score: number): Face {
    const box = {
      x: square.x - square.side / 2,
      y: square.y - square.side / 2,
      width: square.side,
      height: square.side,
    };
    const normalized = Float32Array.from(points, (v, i) => (v - (i % 2 ? box.y : box.x)) / square.side);
    const pairs = [0, 2, 4, 6, 8].map((i) => ({ x: points[i]!, y: points[i + 1]! }));
    return { points: pairs, normalized, box, score };
  }

  /** The face that comes of readings with these scores, each answering points moved by a tenth of the crop; and the passes. */
  function outcome(scores: number[], passes: number, isScoreLearned: boolean, moves = 0.1) {
    const reading = refine(first, passes, isScoreLearned);
    let step = reading.next();
    let count = 0;
    while (!step.done) {
      const normalized = Float32Array.from(first.normalized, (v) => v + moves * (count + 1));
      step = reading.next({ normalized, score: scores[count++]! });
    }
    return { face: step.value, count };
  }

  it("gives the mean of all answers, weighted by the odds of their scores, where scores are learned", () => {
    /** In pixels, from the first answer's points, where each answer moves those of its own square. */
    const movesOf = (scores: number[]) => {
      const found = [FACE];
      for (const [i] of scores.entries()) {
        const normalized = Float32Array.from(first.normalized, (v) => v + 0.1 * (i + 1));
        found.push(toImage(normalized, squareAround(found.at(-1)!)!));
      }
      return found;
    };
    for (const scores of [[0.3, 0.9, 0.5], [0.3, 0.1, 0.2], [0.4], [0], [1], [0.999]]) {
      const { face, count } = outcome(scores, scores.length, true);
      const weights = [0.4, ...scores].slice(0, count + 1).map((p) => Math.max(p, 0.001) / (1.001 - p));
      const total = weights.reduce((sum, w) => sum + w, 0);
      const found = movesOf(scores);
      const mean = FACE.map((_, i) => weights.reduce((sum, w, k) => sum + (w / total) * found[k]![i]!, 0));
      expect(count).toBe(scores.length);
      expect(face.score).toBe(Math.max(0.4, ...scores));
      face.points.forEach(({ x, y }, i) => {
        expect(x).toBeCloseTo(mean[2 * i]!, 3);
        expect(y).toBeCloseTo(mean[2 * i + 1]!, 3);
      });
    }
  });

  it("lets no bad answer spoil a good one, and takes one of no use for none", () => {
    const points = outcome([0.999], 1, true).face.points;
    const spoilt = outcome([0.999, 0.02], 2, true).face.points;
    points.forEach(({ x, y }, i) => {
      expect(Math.hypot(spoilt[i]!.x - x, spoilt[i]!.y - y)).toBeLessThan(0.001 * square.side);
    });
    expect(refine(first, 0, true).next()).toEqual({ done: true, value: first });
  });

  it("keeps the last answer, where they aren't", () => {
    expect(outcome([0.9, 0.2], 2, false)).toMatchObject({ count: 2, face: { score: 0.2 } });
  });

  it("stops when the points have settled", () => {
    expect(outcome([0.5, 0.6, 0.7], 3, true, 0.001).count).toBe(1);
  });

  it("says points, box and normalized of one square", () => {
    const { points, normalized, box } = outcome([0.9], 1, true).face;
    points.forEach(({ x, y }, i) => {
      expect(box.x + normalized[2 * i]! * box.width).toBeCloseTo(x, 3);
      expect(box.y + normalized[2 * i + 1]! * box.height).toBeCloseTo(y, 3);
    });
  });

  it("takes a crop's points to the image and back by one map", () => {
    const rotated = squareAround(posed(35, 1, 40, 60))!;
    const corner = toImage([0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1], rotated);
    expect(Math.hypot(corner[2]! - corner[0]!, corner[3]! - corner[1]!)).toBeCloseTo(rotated.side, 9);
    expect(corner[4]).toBeCloseTo(rotated.x, 9);
    expect(corner[5]).toBeCloseTo(rotated.y, 9);
  });
});

describe("options.refine", () => {
  const box = { x: 140, y: 67, width: 106, height: 112 };
  const landmarker = createLandmarkerSync();
  let photo: ImageLike;
  let upright: Face;

  async function rotated(degrees: number): Promise<ImageLike> {
    const { data, info } = await sharp("examples/astronaut.jpg")
      .rotate(degrees)
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  }

  /** The mean distance in eye distances of the upright face. */
  function distance(a: readonly Point[], b: readonly Point[]): number {
    const eyes = Math.hypot(b[1]!.x - b[0]!.x, b[1]!.y - b[0]!.y);
    return a.reduce((sum, { x, y }, i) => sum + Math.hypot(x - b[i]!.x, y - b[i]!.y) / 5 / eyes, 0);
  }

  beforeAll(async () => {
    photo = await rotated(0);
    upright = landmarker.detect(photo, box);
  });

  it("mends boxes that are too large or beside the face", () => {
    for (const [x, y, width, height] of [
      [90, 10, 210, 220],
      [155, 75, 110, 115],
    ] as const) {
      const loose = { x, y, width, height };
      const once = distance(landmarker.detect(photo, loose).points, upright.points);
      const refined = distance(landmarker.detect(photo, loose, { refine: true }).points, upright.points);
      expect(refined, `${once} before`).toBeLessThan(0.75 * once);
    }
  });

  it("reads a rotated face upright", async () => {
    const tilted = await rotated(45);
    const { width, height } = photo;
    const turn = ({ x, y }: Point): Point => {
      const [dx, dy] = [x - width / 2, y - height / 2];
      return {
        x: tilted.width / 2 + (dx - dy) * Math.SQRT1_2,
        y: tilted.height / 2 + (dx + dy) * Math.SQRT1_2,
      };
    };
    const want = upright.points.map(turn);
    const centre = turn({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
    const around = { x: centre.x - 60, y: centre.y - 60, width: 120, height: 120 };
    const once = distance(landmarker.detect(tilted, around).points, want);
    const refined = distance(landmarker.detect(tilted, around, { refine: 3 }).points, want);
    expect(refined).toBeLessThan(Math.max(once, 0.05));
  });

  it("is the same for one face and for many, more than a batch", () => {
    const boxes = Array.from({ length: 19 }, (_, i) => ({
      ...box,
      x: box.x - 9 + i,
      width: box.width + 3 * i,
    }));
    const alone = boxes.map((each) => landmarker.detect(photo, each, { refine: 2 }));
    expect(landmarker.detectAll(photo, boxes, { refine: 2 })).toEqual(alone);
  });

  it.each([
    [2.5, RangeError],
    [4, RangeError],
    [-1, RangeError],
    ["yes", TypeError],
  ])("refuses %j", (value, type) => {
    const call = () => landmarker.detect(photo, box, { refine: value as never });
    expect(call).toThrow(type);
    expect(call).toThrow(/0 to 3 for options\.refine/);
  });
});
