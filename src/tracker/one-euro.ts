/**
 * The 1€ filter of Casiez, Roussel and Vogel ("1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
 * Systems", CHI 2012): a low-pass filter of first order whose cutoff rises with speed, so that a point at rest is steady and a
 * moving one isn't late.
 */
import type { Point } from "../core/types.ts";

/** How points are smoothed. Speeds are in eye distances a second, so that the same numbers serve faces of every size. */
export interface Smoothing {
  /** Cutoff for a point at rest in Hz, above 0: the lower, the less it trembles, and the longer it takes to settle. */
  readonly minCutoff: number;
  /** By how many Hz the cutoff rises for each eye distance a second, at least 0: the higher, the less a moving point lags. */
  readonly beta: number;
  /** Cutoff for the speed itself in Hz, above 0. */
  readonly speedCutoff: number;
}

/** Points at a time: as they were read, as they were smoothed, and their speeds in pixels a second. */
export interface Motion {
  readonly milliseconds: number;
  readonly raw: readonly Point[];
  readonly smooth: readonly Point[];
  readonly speed: readonly Point[];
}

/** Points that are seen for the first time: they rest. */
export const start = (points: readonly Point[], milliseconds: number): Motion => ({
  milliseconds,
  raw: points,
  smooth: points,
  speed: points.map(() => ({ x: 0, y: 0 })),
});

/** Points that are seen again elsewhere: not smoothed, their speed that of the way since. */
export function resume(motion: Motion, points: readonly Point[], milliseconds: number): Motion {
  const seconds = (milliseconds - motion.milliseconds) / 1000;
  if (seconds === 0) return { ...motion, raw: points, smooth: points };
  return { milliseconds, raw: points, smooth: points, speed: speeds(motion.raw, points, seconds) };
}

const speeds = (from: readonly Point[], to: readonly Point[], seconds: number): Point[] =>
  from.map(({ x, y }, i) => ({ x: (to[i]!.x - x) / seconds, y: (to[i]!.y - y) / seconds }));

/** The part of a new value in the output of the low-pass filter: 1 / (1 + τ / T), with the time constant τ = 1 / (2π · cutoff). */
function share(cutoff: number, seconds: number): number {
  const angle = 2 * Math.PI * cutoff * seconds;
  return angle / (1 + angle);
}

const blend = (from: Point, to: Point, part: number): Point => ({
  x: from.x + part * (to.x - from.x),
  y: from.y + part * (to.y - from.y),
});

/**
 * The motion when its points are read again. At the time of the last reading they stay where they are.
 * @param eyeDistance in pixels
 * @param smoothing undefined: points stay as they are read, and only their speed is smoothed
 */
export function move(
  motion: Motion,
  points: readonly Point[],
  milliseconds: number,
  eyeDistance: number,
  smoothing: Smoothing | undefined,
): Motion {
  const seconds = (milliseconds - motion.milliseconds) / 1000;
  if (seconds === 0) return { ...motion, raw: points };
  const part = share(smoothing?.speedCutoff ?? 1, seconds);
  const now = speeds(motion.raw, points, seconds);
  const speed = motion.speed.map((was, i) => blend(was, now[i]!, part));
  if (!smoothing) return { milliseconds, raw: points, smooth: points, speed };
  const smooth = motion.smooth.map((was, i) => {
    const cutoff =
      smoothing.minCutoff + (smoothing.beta * Math.hypot(speed[i]!.x, speed[i]!.y)) / eyeDistance;
    return blend(was, points[i]!, share(cutoff, seconds));
  });
  return { milliseconds, raw: points, smooth, speed };
}
