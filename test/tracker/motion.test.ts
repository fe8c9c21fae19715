/** What a tracker makes of rendered videos whose truth is known: translate, zoom, rotate, cover, leave, cross, with a sensor's noise. */
import { createLandmarkerSync } from "fivepoint";
import { createFinderSync } from "fivepoint/finder";
import { beforeAll, describe, expect, it } from "vitest";
import { FACE_WIDTH, type Pose, Renderer } from "../support/motion.ts";
import { crossing, GOODBYES, MIDDLE, moments, RATE, Studio } from "../support/tracking.ts";

let studio: Studio;
beforeAll(async () => {
  studio = new Studio(await Renderer.create(7), createLandmarkerSync(), createFinderSync());
});

describe("a face that rests", () => {
  it.each([0.5, 1, 1.5])("trembles at least four times less than unsmoothed, at a scale of %d", (scale) => {
    const { smoothed, read, detected } = studio.tremble({ ...MIDDLE, scale });
    console.log(
      `trembling, scale ${scale}: ÷ ${(read / smoothed).toFixed(1)}, ÷ ${(detected / smoothed).toFixed(1)}`,
    );
    expect(read).toBeGreaterThan(0.001); // there is something to smooth
    expect(read / smoothed).toBeGreaterThan(4);
    // In a box that rests, a face is read with less trembling than around points that tremble: there is less to take away.
    expect(detected / smoothed).toBeGreaterThan(3.5);
  });
});

describe("a face that moves", () => {
  it.each([
    [0.25, 2],
    [1, 1.5],
    [3, 1.5],
  ])("at %d widths a second lags by at most %d frames", (speed, most) => {
    const lag = studio.lag(speed);
    console.log(`lag, ${speed} widths a second: ${lag.toFixed(2)} frames`);
    expect(lag).toBeGreaterThan(0);
    expect(lag).toBeLessThanOrEqual(most);
  });

  const swing = (t: number) => Math.sin(3 * t);
  // In one and a half frames, a point of it moves so far at most, in eye distances.
  it.each<[string, number, (t: number) => Pose]>([
    ["there and back, 3 widths a second", 0.37, (t) => ({ ...MIDDLE, x: MIDDLE.x + FACE_WIDTH * swing(t) })],
    ["around, 150° a second", 0.1, (t) => ({ ...MIDDLE, rotation: 0.87 * swing(t) })],
    [
      "nearer and away, 4 times the size in a second",
      0.1,
      (t) => ({ ...MIDDLE, scale: 0.9 * 4 ** (swing(t) / 3) }),
    ],
  ])("keeps its id and its points, %s", (_, most, pose) => {
    const video = moments(2 * RATE, (t) => ({ faces: [pose(t)] }));
    const answers = studio.track(studio.frames(video));
    expect(answers.map((faces) => faces.map(({ id }) => id))).toEqual(answers.map(() => [1]));
    const errors = answers.map(([face], i) => studio.error(face!.points, video[i]!.faces[0]!));
    expect(Math.max(...errors), "eye distances").toBeLessThan(most);
  });

  it("keeps its id where it turns back at once, and where it is quicker than it can be followed", () => {
    for (const speed of [3, 7]) {
      let [x, way] = [100, (speed * FACE_WIDTH) / RATE];
      const video = moments(40, () => {
        if (x + way > 270 || x + way < 50) way = -way;
        x += way;
        return { faces: [{ ...MIDDLE, x }] };
      });
      expect(studio.ids(video), `${speed} widths a second`).toEqual([[1]]);
    }
  });
});

describe("a face that is gone", () => {
  it.each(Object.entries(GOODBYES))("has no ghost for more than 3 frames: %s", (name, goodbye) => {
    const ghost = studio.ghost(goodbye);
    console.log(`ghost, ${name}: ${ghost} frames`);
    expect(ghost).toBeLessThanOrEqual(3);
    // Half a second earlier it was seen.
    const before = studio.track(studio.frames(goodbye.video.slice(0, goodbye.gone - 15)));
    expect(before.at(-1)).toHaveLength(1);
  });

  it("has its id again where it comes back within keepFor, another one later", () => {
    const cover = [{ x: 0, y: 0, width: 320, height: 224 }];
    const video = moments(75, (t) => ({ faces: [MIDDLE], covers: t >= 0.5 && t < 1.5 ? cover : [] }));
    expect(studio.ids(video)).toEqual([[1]]);
    const frames = studio.frames(video);
    const impatient = studio.track(frames, { keepFor: 500 });
    expect(impatient[14]![0]!.id).toBe(1);
    expect(impatient[74]![0]!.id).toBe(2);
  });
});

describe("two faces that pass each other", () => {
  const cases = [0.1, 0.3, 0.49].flatMap((overlap) =>
    (["upper", "lower"] as const).map((front) => [overlap, front] as const),
  );
  it.each(cases)("keep their ids, boxes overlapping by %d, the %s in front", (overlap, front) => {
    const ids = studio.ids(crossing(overlap, 1, front));
    console.log(`ids, overlap ${overlap}, ${front} in front: ${ids.join(" | ")}`);
    expect(ids.map((all) => all.length)).toEqual([1, 1]);
    expect(new Set(ids.flat()).size).toBe(2);
  });
});
