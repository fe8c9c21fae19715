/**
 * Follows the faces of a video.
 * @module fivepoint/tracker
 */
import type { TrackerOptions } from "./tracker/options.ts";
import { Tracker } from "./tracker/tracker.ts";

export type { Box, Face, ImageLike, PixelFormat, Point } from "./core/types.ts";
export type { Smoothing } from "./tracker/one-euro.ts";
export type { TrackerOptions } from "./tracker/options.ts";
export type { NextOptions, TrackedFace, Tracker } from "./tracker/tracker.ts";

/**
 * Makes a tracker, which follows the faces of one video.
 * @throws TypeError, RangeError that names the option
 */
export const createTracker = (options: TrackerOptions): Tracker => new Tracker(options);
