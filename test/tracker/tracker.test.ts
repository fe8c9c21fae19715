/** The rules of `fivepoint/tracker`, on landmarkers and finders that answer what a test says. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createLandmarkerSync, type Face, type ImageLike, type Point } from "fivepoint";
import type { FindOptions } from "fivepoint/finder";
import { createTracker, type NextOptions, type TrackerOptions } from "fivepoint/tracker";
import { describe, expect, it } from "vitest";
import { OMZ } from "../../src/core/templates.ts";
import { type Motion, move, start } from "../../src/tracker/one-euro.ts";

const image = (width = 640, height = 480): ImageLike => ({
  data: new Uint8Array(width * height),
  width,
  height,
  format: "gray",
});
const IMAGE = image();

/** A face whose middle is at x and y, 50 pixels from eye to eye. */
interface Actor {
  x: number;
  y?: number;
  scale?: number;
  score?: number;
}

const EYES = OMZ[1]!.x - OMZ[0]!.x;
const pointsOf = ({ x, y = 200, scale = 1 }: Actor): Point[] =>
  OMZ.map((p) => ({ x: x + (scale * 50 * (p.x - 48)) / EYES, y: y + (scale * 50 * (p.y - 72)) / EYES }));

const middle = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, p) => sum + p.x, 0) / points.length,
  y: points.reduce((sum, p) => sum + p.y, 0) / points.length,
});

/**
 * A landmarker and a finder that see the actors on stage. A reading gives the nearest actor within a face's width of the place
 * that is read, else a face with a score of 0.01.
 */
class Stage {
  actors: Actor[] = [];
  finds = 0;
  readings = 0;
  /** Where faces were read around points: x of their middles. */
  places: number[] = [];
  fault: Error | undefined;

  #read(x: number, y: number): Face {
    if (this.fault) throw this.fault;
    this.readings++;
    const away = (actor: Actor) => Math.hypot(actor.x - x, (actor.y ?? 200) - y);
    const [nearest] = [...this.actors].sort((a, b) => away(a) - away(b));
    const found = nearest && away(nearest) < 100 ? nearest : { x, y, score: 0.01 };
    const box = { x: x - 50, y: y - 50, width: 100, height: 100 };
    return { points: pointsOf(found), normalized: new Float32Array(10), box, score: found.score ?? 0.9 };
  }

  readonly landmarker = {
    detectAll: (_: ImageLike, boxes: readonly { x: number; y: number; width: number; height: number }[]) =>
      boxes.map(({ x, y, width, height }) => this.#read(x + width / 2, y + height / 2)),
    detectAround: (_: ImageLike, faces: readonly { points: readonly Point[] }[]) =>
      faces.map(({ points }) => {
        const { x, y } = middle(points);
        this.places.push(x);
        return this.#read(x, y);
      }),
  };
  readonly finder = {
    find: (_: ImageLike, { maxFaces = 100 }: FindOptions = {}) => {
      this.finds++;
      return this.actors
        .slice(0, maxFaces)
        .map(({ x, y = 200 }) => ({ x: x - 50, y: y - 50, width: 100, height: 100, score: 0.9 }));
    },
  };

  tracker(options: Partial<TrackerOptions> = {}) {
    const { landmarker, finder } = this as unknown as TrackerOptions;
    return createTracker({ landmarker, finder, ...options });
  }
}

/** A stage, its tracker, and what the tracker gives after each step of 33 ms: ids and x of the middle. */
function play(actors: Actor[], options?: Partial<TrackerOptions>) {
  const stage = new Stage();
  stage.actors = actors;
  const tracker = stage.tracker(options);
  let time = 0;
  const next = (step = 33, frame = IMAGE, given?: NextOptions) => {
    time += step;
    return tracker.next(frame, time, given);
  };
  const ids = (...args: Parameters<typeof next>) => next(...args).map(({ id }) => id);
  return { stage, tracker, next, ids };
}

describe("ids", () => {
  it("are numbers from 1 on, oldest first, kept while faces move", () => {
    const { stage, ids } = play([{ x: 100 }, { x: 400, score: 0.8 }]);
    for (let i = 0; i < 50; i++) {
      expect(ids()).toEqual([1, 2]);
      stage.actors = [{ x: 100 + 4 * i }, { x: 400 - i, score: 0.8 }];
    }
  });

  it("are kept for keepFor by a face that isn't seen, and given to no other", () => {
    const { stage, ids } = play([{ x: 100 }], { keepFor: 330 });
    expect(ids()).toEqual([1]);
    stage.actors = [];
    for (let i = 0; i < 9; i++) expect(ids()).toEqual([]);
    stage.actors = [{ x: 110 }];
    expect(ids()).toEqual([1]);
    stage.actors = [];
    for (let i = 0; i < 10; i++) expect(ids()).toEqual([]);
    stage.actors = [{ x: 110 }];
    expect(ids()).toEqual([2]);
  });

  it("are kept by a face that jumps up to its own width, and not by one that jumps further", () => {
    const { stage, ids } = play([{ x: 100 }]);
    expect(ids()).toEqual([1]);
    stage.actors = [{ x: 220 }];
    expect(ids()).toEqual([1]);
    stage.actors = [{ x: 500 }];
    expect(ids()).toEqual([2]);
  });

  it("are the older one's where two tracks come upon the same face, and the younger one's when it comes out again", () => {
    const { stage, ids } = play([{ x: 150 }, { x: 300, score: 0.8 }]);
    expect(ids()).toEqual([1, 2]);
    stage.actors = [{ x: 225 }]; // one hides the other
    expect(ids()).toEqual([1]);
    expect(ids()).toEqual([1]);
    stage.actors = [{ x: 225 }, { x: 290 }];
    expect(ids()).toEqual([1, 2]);
    expect(stage.finds).toBe(1);
  });

  it("stay with a face that was seen when an older, unseen one comes upon it", () => {
    const { stage, ids } = play([{ x: 150 }, { x: 300, score: 0.8 }]);
    expect(ids()).toEqual([1, 2]);
    stage.actors = [{ x: 300 }];
    expect(ids()).toEqual([2]);
    stage.actors = [{ x: 240 }];
    expect(ids()).toEqual([2]);
  });

  it("are new when time goes back, when it leaps by more than keepFor, and after a reset", () => {
    const { tracker, ids } = play([{ x: 100 }]);
    expect([ids(), ids()]).toEqual([[1], [1]]);
    expect(ids(-10)).toEqual([2]);
    expect(ids(2000)).toEqual([2]);
    expect(ids(2001)).toEqual([3]);
    tracker.reset();
    expect(ids(-1e6)).toEqual([4]);
  });

  it("go with faces into an image of another size, and end with its shape", () => {
    const { stage, next, ids } = play([{ x: 100 }]);
    next();
    stage.actors = [{ x: 50, y: 100, scale: 0.5 }];
    const [small] = next(33, image(320, 240));
    expect(small!.id).toBe(1);
    expect(small!.points[0]!.x).toBeCloseTo(pointsOf(stage.actors[0]!)[0]!.x, 6);
    expect(ids(33, image(321, 240))).toEqual([1]); // rounded
    expect(ids(33, image(240, 320))).toEqual([2]);
    expect(ids(33, image(3, 4))).toEqual([3]); // no pixels left of the face
  });

  it("end with faces of hardly a pixel", () => {
    const tracker = createTracker({ landmarker: createLandmarkerSync(), minScore: 0 });
    const boxes = [{ x: 0, y: 0, width: 2, height: 2 }];
    expect(tracker.next(image(40, 40), 0, { boxes })).toHaveLength(1);
    expect(tracker.next(image(40, 40), 33)).toEqual([]);
  });
});

describe("what is read", () => {
  it("is one crop per face, and the finder's only in one of findEvery frames and where no face is seen", () => {
    const { stage, next } = play([{ x: 100 }], { findEvery: 5 });
    next();
    expect(stage).toMatchObject({ finds: 1, readings: 1 });
    const counts = Array.from({ length: 10 }, () => {
      next();
      return stage.finds;
    });
    expect(counts).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, 3]);
    expect(stage.readings).toBe(1 + 10 + 2);
    stage.actors = [];
    next();
    next();
    expect(stage.finds).toBe(5);
  });

  it("is where a face is expected that moves, and where it was when it stops", () => {
    const { stage, ids } = play([{ x: 100 }]);
    ids();
    stage.actors = [{ x: 220 }];
    ids();
    expect(stage.finds).toBe(2); // so far that it had to be found
    stage.actors = [{ x: 340 }];
    expect(ids()).toEqual([1]);
    stage.actors = [{ x: 460 }];
    expect(ids()).toEqual([1]);
    expect(ids()).toEqual([1]);
    expect(stage.finds).toBe(2);
  });

  it("rests while a face does", () => {
    const { stage, next } = play([{ x: 100 }]);
    for (const x of [100, 101, 99, 101, 99, 101, 99, 101]) {
      stage.actors = [{ x }];
      next();
    }
    const [least, most] = [Math.min(...stage.places), Math.max(...stage.places)];
    expect(most - least).toBeLessThan(1); // of the 2 pixels between its points
  });

  it("needs no finder: boxes are read in its place, and are no face twice", () => {
    const { stage, ids, next } = play([{ x: 100 }, { x: 400 }], { finder: undefined });
    expect(ids()).toEqual([]);
    const box = (x: number) => ({ x: x - 60, y: 140, width: 120, height: 120 });
    expect(ids(33, IMAGE, { boxes: [box(105), box(95)] })).toEqual([1]);
    expect(ids(33, IMAGE, { boxes: [box(395), box(100)] })).toEqual([1, 2]);
    expect(ids(33, IMAGE, { boxes: [] })).toEqual([1, 2]);
    expect(next()[0]).toMatchObject({ id: 1, score: 0.9, normalized: expect.any(Float32Array) });
    const other = play([{ x: 100 }]);
    expect(other.ids(33, IMAGE, { boxes: [] })).toEqual([]);
    expect(other.stage.finds + stage.finds).toBe(0);
  });

  it("isn't seen below minScore", () => {
    const { stage, ids } = play([{ x: 100, score: 0.7 }], { minScore: 0.7 });
    expect(ids()).toEqual([1]);
    stage.actors = [{ x: 100, score: 0.69 }];
    expect(ids()).toEqual([]);
  });

  it("is more than a finder gives by default where maxFaces is", () => {
    const stage = new Stage();
    const place = (i: number) => ({ x: 60 + 120 * (i % 12), y: 60 + 120 * Math.floor(i / 12) });
    stage.actors = Array.from({ length: 120 }, (_, i) => place(i));
    expect(stage.tracker({ maxFaces: 150 }).next(image(1500, 1300), 0)).toHaveLength(120);
  });

  it("is maxFaces at most, for which those that aren't seen make room", () => {
    const actors = [{ x: 100 }, { x: 300, score: 0.8 }, { x: 500, score: 0.7 }];
    const { stage, ids } = play(actors, { maxFaces: 2, findEvery: 1 });
    expect(ids()).toEqual([1, 2]);
    stage.actors = [actors[0]!, actors[2]!];
    expect(ids()).toEqual([1, 3]);
  });
});

describe("points", () => {
  const noise = [3, -1, 2, -3, 1, -2, 0, 2, -1, 3];

  it("are smoothed, or as they were read", () => {
    const spread = (options: Partial<TrackerOptions>) => {
      const { stage, next } = play([{ x: 100 }], options);
      const xs = Array.from({ length: 40 }, (_, i) => {
        stage.actors = [{ x: 100 + noise[i % 10]! }];
        return middle(next()[0]!.points).x;
      });
      return Math.max(...xs.slice(20)) - Math.min(...xs.slice(20));
    };
    const read = spread({ smoothing: false });
    expect(read).toBeCloseTo(6, 6);
    expect(spread({})).toBeLessThan(read / 2);
    expect(spread({ smoothing: { minCutoff: 0.01, beta: 0 } })).toBeLessThan(read / 50);
    expect(spread({ smoothing: { minCutoff: 1e9 } })).toBeCloseTo(read, 3);
  });

  it("stay where they are when the time is the same again", () => {
    const { stage, next } = play([{ x: 100 }]);
    next();
    const [before] = next();
    stage.actors = [{ x: 104 }];
    const [again] = next(0);
    expect(again).toEqual({ ...before, box: again!.box });
    expect(middle(next()[0]!.points).x).toBeGreaterThan(middle(before!.points).x);
  });

  it("are the caller's own", () => {
    const { next } = play([{ x: 100 }]);
    const [first] = next();
    first!.points[0]!.x = Number.NaN;
    first!.points.length = 1;
    expect(next()[0]!.points.every(({ x }) => Number.isFinite(x))).toBe(true);
  });
});

describe("the 1€ filter", () => {
  const SMOOTHING = { minCutoff: 0.7, beta: 1.5, speedCutoff: 1 };
  const line = (x: number) => [{ x, y: 5 }];

  it("comes to a step by 1 − (1 − α)ⁿ where speed doesn't count, α = 1 / (1 + τ / T)", () => {
    let motion: Motion = start(line(0), 0);
    for (let n = 1; n <= 30; n++) {
      motion = move(motion, line(10), 40 * n, 7, { ...SMOOTHING, beta: 0 });
      const alpha = 1 / (1 + 1 / (2 * Math.PI * 0.7) / 0.04);
      expect(motion.smooth[0]!.x).toBeCloseTo(10 * (1 - (1 - alpha) ** n), 9);
      expect(motion.smooth[0]!.y).toBe(5);
    }
  });

  it("lags behind a steady motion by the time constant of minCutoff + beta · speed", () => {
    const [unit, speed] = [20, 60]; // pixels, and pixels a second: 3 eye distances
    let motion: Motion = start(line(0), 0);
    for (let n = 1; n <= 600; n++)
      motion = move(motion, line((speed * n) / 30), (1000 * n) / 30, unit, SMOOTHING);
    // A steady motion v · t comes out of the filter v · τ late, its step still to come.
    const tau = 1 / (2 * Math.PI * (0.7 + 1.5 * 3));
    expect(20 * speed - motion.smooth[0]!.x).toBeCloseTo(speed * tau, 6);
    expect(motion.speed[0]!.x).toBeCloseTo(speed, 6);
  });

  it("does the same at every size", () => {
    const run = (scale: number) => {
      let motion: Motion = start([{ x: 0, y: 0 }], 0);
      for (let n = 1; n <= 20; n++) {
        const points = [{ x: scale * Math.sin(n), y: scale * n }];
        motion = move(motion, points, 30 * n, 10 * scale, SMOOTHING);
      }
      return motion.smooth[0]!.x / scale;
    };
    expect(run(16)).toBe(run(1));
  });
});

describe("createTracker", () => {
  const landmarker = createLandmarkerSync();

  it.each<[string, unknown, RegExp]>([
    ["no options", undefined, /Expected { landmarker } for options, but received undefined/],
    ["null", null, /Expected an object \(landmarker, finder, .*\) for options, but received null/],
    ["no landmarker", {}, /a Landmarker \(createLandmarker\) for options.landmarker, but received undefined/],
    [
      "a promise of one",
      { landmarker: Promise.resolve(landmarker) },
      /options.landmarker, but received .*Promise/,
    ],
    ["a finder that isn't", { landmarker, finder: {} }, /a Finder \(createFinder\) for options.finder/],
    ["an unknown key", { landmarker, fps: 30 }, /no other keys than landmarker, .* but received "fps"/],
    ["a score above 1", { landmarker, minScore: 2 }, /a number in 0..1 for options.minScore, but received 2/],
    ["a score that is no number", { landmarker, minScore: "0.5" }, /options.minScore, but received "0.5"/],
    ["no face at all", { landmarker, maxFaces: 0 }, /options.maxFaces, but received 0/],
    ["half a frame", { landmarker, findEvery: 0.5 }, /options.findEvery, but received 0.5/],
    ["NaN", { landmarker, keepFor: Number.NaN }, /options.keepFor, but received NaN/],
    ["smoothing that isn't", { landmarker, smoothing: true }, /for options.smoothing, but received true/],
    [
      "an unknown cutoff",
      { landmarker, smoothing: { dcutoff: 1 } },
      /minCutoff, beta, speedCutoff for options.smoothing/,
    ],
    ["a cutoff of 0", { landmarker, smoothing: { minCutoff: 0 } }, /above 0 for options.smoothing.minCutoff/],
    ["a beta below 0", { landmarker, smoothing: { beta: -1 } }, /at least 0 for options.smoothing.beta/],
    [
      "an endless cutoff",
      { landmarker, smoothing: { speedCutoff: Infinity } },
      /options.smoothing.speedCutoff/,
    ],
  ])("refuses %s", (_, options, message) => {
    expect(() => createTracker(options as TrackerOptions)).toThrow(message);
  });

  it.each<[string, unknown, unknown, unknown, RegExp]>([
    ["no image", undefined, 66, undefined, /for image, but received undefined/],
    ["too few bytes", { ...IMAGE, data: new Uint8Array(3) }, 66, undefined, /for image.data/],
    ["no time", IMAGE, undefined, undefined, /a finite number for milliseconds, but received undefined/],
    ["a time that is no number", IMAGE, "66", undefined, /milliseconds, but received "66"/],
    ["NaN", IMAGE, Number.NaN, undefined, /milliseconds, but received NaN/],
    ["boxes in place of options", IMAGE, 66, [{ x: 1 }], /no other keys than boxes for options/],
    ["an unknown key", IMAGE, 66, { box: 1 }, /no other keys than boxes for options, but received "box"/],
    ["boxes that aren't", IMAGE, 66, { boxes: 7 }, /an array of boxes for boxes, but received 7/],
    [
      "a box that isn't, with the time going back",
      IMAGE,
      1,
      { boxes: [{}] },
      /a finite number for boxes\[0\].x/,
    ],
  ])(
    "has a next that refuses %s and goes on as if it hadn't been called",
    (_, frame, time, options, message) => {
      const stage = new Stage();
      stage.actors = [{ x: 100 }];
      const { detectAll } = landmarker;
      const checked = {
        ...stage.landmarker,
        detectAll: stage.landmarker.detectAll,
      } as typeof stage.landmarker;
      checked.detectAll = (each, boxes) => {
        detectAll.call(landmarker, each, boxes);
        return stage.landmarker.detectAll(each, boxes);
      };
      const tracker = stage.tracker({ landmarker: checked as never });
      expect(tracker.next(IMAGE, 33)).toHaveLength(1);
      expect(() => tracker.next(frame as ImageLike, time as number, options as NextOptions)).toThrow(message);
      expect(tracker.next(IMAGE, 66).map(({ id }) => id)).toEqual([1]);
    },
  );

  it("goes on after its landmarker or its finder threw", () => {
    const { stage, ids } = play([{ x: 100 }]);
    expect(ids()).toEqual([1]);
    stage.fault = new Error("no luck");
    expect(() => ids()).toThrow("no luck");
    stage.fault = undefined;
    expect(ids()).toEqual([1]);
  });

  it("takes faces of a real landmarker that leave the image, and one that was disposed", () => {
    const own = createLandmarkerSync();
    const tracker = createTracker({ landmarker: own, minScore: 0 });
    const corner = { x: 0, y: 0, width: 40, height: 40 };
    expect(tracker.next(IMAGE, 0, { boxes: [corner] })).toHaveLength(1);
    for (let i = 1; i < 100; i++) tracker.next(IMAGE, 1000 * i);
    own.dispose();
    expect(() => tracker.next(IMAGE, 1e6)).toThrow("This Landmarker has been disposed");
  });

  it("keeps nothing that grows", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const FRAMES = 20_000;
    const { stage, next } = play([]);
    const heap = (from: number) => {
      for (let i = from; i < from + FRAMES; i++) {
        stage.actors = i % 7 < 3 ? [] : [{ x: (i * 97) % 600, y: (i * 31) % 440 }];
        stage.places = []; // the stage's own notes
        next();
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    // Compiled code and caches come and go: what is kept per frame would be there in every part.
    const heaps = [0, 1, 2, 3, 4].map((part) => heap(part * FRAMES));
    const growth = heaps.slice(1).map((bytes, i) => bytes - heaps[i]!);
    expect(Math.min(...growth)).toBeLessThan(FRAMES * 10); // bytes: less than any object kept per frame
  });
});
