/** Videos whose truth is known, and what a tracker makes of them. Lengths are in eye distances, times in frames. */
import type { Landmarker } from "fivepoint";
import type { Finder } from "fivepoint/finder";
import { createTracker, type TrackedFace, type TrackerOptions } from "fivepoint/tracker";
import type { Box, ImageLike, Point } from "../../src/core/types.ts";
import { FACE_HEIGHT, FACE_WIDTH, FRAME, type Pose, posed, type Renderer } from "./motion.ts";

/** Frames a second. */
export const RATE = 30;
/** The time of a frame. */
export const milliseconds = (frame: number): number => (1000 * frame) / RATE;

/** The middle of a frame. */
export const MIDDLE = { x: FRAME.width / 2, y: FRAME.height / 2 };

/** What a frame is of: faces, later ones in front of earlier ones, and bars in front of all. */
export interface Moment {
  readonly faces: readonly Pose[];
  readonly covers?: readonly Box[];
}

export const moments = (frames: number, at: (seconds: number) => Moment): Moment[] =>
  Array.from({ length: frames }, (_, i) => at(i / RATE));

export class Studio {
  readonly models: Pick<TrackerOptions, "landmarker" | "finder">;
  readonly #renderer: Renderer;
  /** The five points of the photo relative to the face's middle: read at several places, so that no grid of pixels is in them. */
  readonly #points: Point[];

  constructor(renderer: Renderer, landmarker: Landmarker, finder: Finder) {
    this.#renderer = renderer;
    this.models = { landmarker, finder };
    const readings = Array.from({ length: 8 }, (_, i) => {
      const [x, y] = [150 + 0.37 * i, 110 + 0.29 * i];
      const { points } = landmarker.detect(renderer.frame([{ x, y }]), boxOf({ x, y }), { refine: 3 });
      return points.map((p) => ({ x: p.x - x, y: p.y - y }));
    });
    this.#points = [0, 1, 2, 3, 4].map((k) => ({
      x: mean(readings.map((points) => points[k]!.x)),
      y: mean(readings.map((points) => points[k]!.y)),
    }));
  }

  frames = (video: readonly Moment[]): ImageLike[] =>
    video.map(({ faces, covers }) => this.#renderer.frame(faces, covers));

  /** What a tracker answers to each frame. */
  track(frames: readonly ImageLike[], options?: Partial<TrackerOptions>): TrackedFace[][] {
    const tracker = createTracker({ ...this.models, ...options });
    return frames.map((frame, i) => tracker.next(frame, milliseconds(i)));
  }

  /** The points of a face. */
  truth = (pose: Pose): Point[] => posed(this.#points, pose);

  /** The mean distance of points from those of a face. */
  error(points: readonly Point[], pose: Pose): number {
    const truth = this.truth(pose);
    return mean(points.map((p, k) => between(p, truth[k]!))) / between(truth[0]!, truth[1]!);
  }

  /** The answer that is for a face. */
  answerFor = (answers: readonly TrackedFace[], pose: Pose): TrackedFace | undefined =>
    answers.find(({ points }) => this.error(points, pose) < AT);

  /**
   * How much points tremble on a face that rests: their standard deviations over three seconds, one after the face was found,
   * as a tracker smooths them, as it reads them, and as `detect` reads them in a box that stays.
   */
  tremble(pose: Pose): { smoothed: number; read: number; detected: number } {
    const frames = this.frames(moments(4 * RATE, () => ({ faces: [pose] })));
    const unit = between(...(this.truth(pose) as [Point, Point]));
    const deviation = (series: readonly (readonly Point[])[]) => jitter(series.slice(RATE)) / unit;
    const tracked = (options?: Partial<TrackerOptions>) =>
      this.track(frames, options).map(([face]) => face!.points);
    return {
      smoothed: deviation(tracked()),
      read: deviation(tracked({ smoothing: false })),
      detected: deviation(frames.map((frame) => this.models.landmarker.detect(frame, boxOf(pose)).points)),
    };
  }

  /** How far, in frames of its motion, points lag behind a face that moves at a steady speed, half a second after it began. */
  lag(widthsPerSecond: number, options?: Partial<TrackerOptions>): number {
    const speed = widthsPerSecond * FACE_WIDTH;
    const seconds = Math.min(2, (FRAME.width - FACE_WIDTH) / speed);
    const video = moments(seconds * RATE, (t) => ({
      faces: [{ x: FRAME.width / 2 + speed * (t - seconds / 2), y: 112 }],
    }));
    const answers = this.track(this.frames(video), options);
    const lags = answers.flatMap(([face], i) =>
      i < RATE / 2 ? [] : this.truth(video[i]!.faces[0]!).map(({ x }, k) => x - face!.points[k]!.x),
    );
    return (mean(lags) / speed) * RATE;
  }

  /** The longest run of frames with a face where there is none. */
  ghost({ video, gone }: Goodbye): number {
    let [longest, run] = [0, 0];
    for (const answer of this.track(this.frames(video)).slice(gone)) {
      run = answer.length > 0 ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }

  /** The ids that each face of a video had, in their order. */
  ids(video: readonly Moment[]): number[][] {
    const answers = this.track(this.frames(video));
    return video[0]!.faces.map((_, k) => [
      ...new Set(video.flatMap(({ faces }, i) => this.answerFor(answers[i]!, faces[k]!)?.id ?? [])),
    ]);
  }
}

/**
 * Two faces that pass each other, each at `speed` widths a second.
 * @param overlap the part of a face's box that the other's covers when they are nearest to each other
 * @param front which of them is in front
 */
export function crossing(overlap: number, speed: number, front: "upper" | "lower"): Moment[] {
  const apart = ((1 - overlap) * FACE_HEIGHT) / 2;
  const seconds = 2 / speed;
  return moments(seconds * RATE, (t) => {
    const way = speed * FACE_WIDTH * (t - seconds / 2);
    const upper = { x: MIDDLE.x + way, y: MIDDLE.y - apart };
    const lower = { x: MIDDLE.x - way, y: MIDDLE.y + apart, other: true };
    return { faces: front === "upper" ? [lower, upper] : [upper, lower] };
  });
}

/** A face that is gone from a frame on. */
export interface Goodbye {
  readonly video: readonly Moment[];
  readonly gone: number;
}

/** How far a face's points lie from its middle at most, along either axis. */
const REACH = 0.21 * FACE_WIDTH;

/** Until all points are gone: out of the frame or covered. */
export const GOODBYES: Record<string, Goodbye> = {
  "a cut": { video: moments(60, (t) => ({ faces: t < 1 ? [MIDDLE] : [] })), gone: 30 },
  "a face that leaves, 2 widths a second": goodbye(
    (t) => ({ faces: [{ ...MIDDLE, x: MIDDLE.x + 2 * FACE_WIDTH * t }] }),
    ({ faces: [face] }) => face!.x - REACH > FRAME.width,
  ),
  "a face that leaves, half a width a second": goodbye(
    (t) => ({ faces: [{ ...MIDDLE, x: FRAME.width - 0.4 * FACE_WIDTH + 0.5 * FACE_WIDTH * t }] }),
    ({ faces: [face] }) => face!.x - REACH > FRAME.width,
  ),
  "a face that is covered at once": goodbye(
    (t) => ({ faces: [MIDDLE], covers: t < 1 ? [] : [boxOf(MIDDLE)] }),
    ({ covers }) => covers!.length > 0,
  ),
  "a face that is covered from below, a width a second": goodbye(
    (t) => ({
      faces: [MIDDLE],
      covers: [{ ...boxOf(MIDDLE), y: 150 - FACE_WIDTH * t, height: 200 }],
    }),
    ({ covers }) => covers![0]!.y < MIDDLE.y - REACH,
  ),
  "a face that is covered from the side, a width a second": goodbye(
    (t) => ({
      faces: [MIDDLE],
      covers: [{ x: 0, y: 0, width: 110 + FACE_WIDTH * t, height: FRAME.height }],
    }),
    ({ covers }) => covers![0]!.width > MIDDLE.x + REACH,
  ),
};

/** A video up to a second after its face is gone. */
function goodbye(at: (seconds: number) => Moment, isGone: (moment: Moment) => boolean): Goodbye {
  const video = moments(4 * RATE, at);
  const gone = video.findIndex(isGone);
  return { video: video.slice(0, gone + RATE), gone };
}

/** An answer is on a face whose points are nearer than this. */
const AT = 0.5;

/** The box that a detector would put around a face. */
export function boxOf({ x, y, scale = 1 }: Pose): Box {
  const [width, height] = [scale * FACE_WIDTH, scale * FACE_HEIGHT];
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/** The standard deviation over time of points that should rest, over both axes of all, in pixels. */
export function jitter(series: readonly (readonly Point[])[]): number {
  const variances = [0, 1, 2, 3, 4].flatMap((k) =>
    (["x", "y"] as const).map((axis) => {
      const values = series.map((points) => points[k]![axis]);
      const middle = mean(values);
      return mean(values.map((v) => (v - middle) ** 2));
    }),
  );
  return Math.sqrt(mean(variances));
}

const between = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
