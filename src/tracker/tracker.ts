import { checkNumber, checkOptions } from "../core/errors.ts";
import { findFaces } from "../core/finder/faces.ts";
import { MOST_FACES } from "../core/finder/options.ts";
import { checkImage } from "../core/image.ts";
import { apart, distinct, isSameFace, size } from "../core/same-face.ts";
import type { Box, Face, ImageLike, Point } from "../core/types.ts";
import { type Motion, move, resume, start } from "./one-euro.ts";
import { resolveTracker, type TrackerOptions, type TrackerSettings } from "./options.ts";

/** Eye distances in the size of a face that is seen from the front: of the points of `OMZ` in core/templates.ts. */
const EYES = 1.52;
/** A face of a smaller size, in pixels, isn't followed. */
const SMALLEST = 2;
/** A found face is none of its own nearer than this to one that is seen, in sizes: a quarter of a face's width. */
const NEW = 1;
/** How far from where it was last seen, or is expected, a face is still the same, in sizes: a face's width. */
const REACH = 4;
/** A face rests when its points are nearer than this, in sizes, to where they are smoothed. */
const RESTS = 0.1;
/** Two ratios of the sides may differ by this part where an image was scaled to whole pixels. */
const SAME_RATIO = 0.02;

/** A face of a video. */
export interface TrackedFace extends Face {
  /** The same from frame to frame, and no other face's: whole numbers from 1 on. */
  readonly id: number;
  /** Five points in image pixels, in the order of `LANDMARK_NAMES`, smoothed. `normalized` and `box` are as they were read. */
  readonly points: Point[];
}

export interface NextOptions {
  /** Boxes of this frame from another face detector, in image pixels, as `detectAll` takes them; read in place of the finder's. */
  readonly boxes?: readonly Box[] | undefined;
}

/** A face that is followed. */
interface Track {
  readonly id: number;
  readonly motion: Motion;
  /** As it was read in the last frame, unless it wasn't seen there. */
  readonly face: Face | undefined;
}

/** The frame before. */
interface Frame {
  readonly milliseconds: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Follows the faces of a video. Made by `createTracker`. A frame costs one pass of the landmark network per face, and that of the
 * finder where new faces are looked for.
 */
export class Tracker {
  readonly #settings: TrackerSettings;
  /** By age. */
  #tracks: readonly Track[] = [];
  #frame: Frame | undefined;
  #framesSinceFound = 0;
  #nextId = 1;

  /** @throws TypeError, RangeError that names the option */
  constructor(options: TrackerOptions) {
    this.#settings = resolveTracker(options);
  }

  /**
   * Gives the faces of the next frame.
   * @param image of any size: when the frames are scaled, so are the faces; when the ratio of their sides changes, all faces are new
   * @param milliseconds the frame's time, from any start: a video's `currentTime * 1000`, a camera's `performance.now()`. The same
   *   time again is the same moment: the image is read, but points that are smoothed stay. When time goes back, as in a video
   *   that starts again, or leaps by more than `keepFor`, all faces are new.
   * @returns the faces that are seen, the longest known first
   * @throws TypeError, RangeError for an image, a time or boxes that can't be used; the tracker goes on as if the call hadn't been
   */
  next(image: ImageLike, milliseconds: number, options?: NextOptions): TrackedFace[] {
    const { width, height } = checkImage(image);
    checkNumber("milliseconds", milliseconds, "a finite number", Number.isFinite);
    checkOptions(options, ["boxes"]);
    const known = this.#carriedOver({ milliseconds, width, height });
    const tracks = this.#continued(known, this.#readings(image, known, milliseconds), milliseconds);
    const { faces, isSearched } = this.#found(image, tracks, options?.boxes);

    // Nothing fails from here on.
    this.#tracks = this.#joined(tracks, faces, milliseconds);
    this.#framesSinceFound = isSearched ? 1 : this.#framesSinceFound + 1;
    this.#frame = { milliseconds, width, height };
    return this.#tracks.flatMap(({ id, face, motion }) =>
      face ? [{ ...face, id, points: motion.smooth.map(({ x, y }) => ({ x, y })) }] : [],
    );
  }

  /** Forgets all faces and the time: the next frame is the first of another video. No id is given twice. */
  reset(): void {
    this.#tracks = [];
    this.#frame = undefined;
  }

  /** A tag of its own, as a landmarker's. */
  get [Symbol.toStringTag](): string {
    return "Tracker";
  }

  /** The tracks that go on in a frame, in its pixels. */
  #carriedOver({ milliseconds, width, height }: Frame): readonly Track[] {
    const last = this.#frame;
    if (!last || milliseconds < last.milliseconds) return [];
    const [x, y] = [width / last.width, height / last.height];
    if (Math.abs(x / y - 1) > SAME_RATIO) return [];
    const isScaled = x !== 1 || y !== 1;
    return this.#tracks
      .filter(({ motion }) => milliseconds - motion.milliseconds <= this.#settings.keepFor)
      .map((track) => (isScaled ? { ...track, motion: scaled(track.motion, x, y) } : track))
      .filter(({ motion }) => size(motion.raw) >= SMALLEST);
  }

  /**
   * Reads each track's face where it is expected, and where that fails where it was, in case it has stopped or turned back.
   * @returns undefined for a face that isn't seen
   */
  #readings(image: ImageLike, tracks: readonly Track[], milliseconds: number): (Face | undefined)[] {
    const { landmarker, minScore } = this.#settings;
    const read = (places: readonly { readonly points: readonly Point[] }[]) =>
      landmarker
        .detectAround(image, places)
        .map((face) => (face && face.score >= minScore ? face : undefined));
    const readings = read(tracks.map(({ motion }) => ({ points: predict(motion, milliseconds) })));
    const failed = tracks.filter((_, i) => !readings[i]);
    const again = read(failed.map(({ motion }) => ({ points: motion.raw })));
    return readings.map((face) => face ?? again.shift());
  }

  /** The tracks after a reading of each. Of those that read the same face one has it, and the others don't see theirs. */
  #continued(
    tracks: readonly Track[],
    readings: readonly (Face | undefined)[],
    milliseconds: number,
  ): readonly Track[] {
    // A track that has seen its face goes before one that would come back on it, then an older one before a younger.
    const order = [...tracks.keys()].sort((a, b) => Number(!tracks[a]!.face) - Number(!tracks[b]!.face));
    const seen: (Face | undefined)[] = [];
    for (const i of order) {
      const face = readings[i];
      if (face && !seen.some((other) => other && isSameFace(other.points, face.points))) seen[i] = face;
    }
    return tracks.map(({ id, motion }, i) => {
      const face = seen[i];
      return { id, face, motion: face ? this.#moved(motion, face, milliseconds) : motion };
    });
  }

  #moved(motion: Motion, { points }: Face, milliseconds: number): Motion {
    return move(motion, points, milliseconds, EYES * size(points), this.#settings.smoothing);
  }

  /** Faces from boxes, or from the finder when it is its turn. */
  #found(
    image: ImageLike,
    tracks: readonly Track[],
    boxes: readonly Box[] | undefined,
  ): { faces: readonly Face[]; isSearched: boolean } {
    const { landmarker, finder, minScore, maxFaces, findEvery } = this.#settings;
    if (boxes) {
      const faces = landmarker.detectAll(image, boxes, { refine: true });
      return { faces: distinct(faces.filter(({ score }) => score >= minScore)), isSearched: true };
    }
    const isDue = this.#framesSinceFound >= findEvery || !tracks.some(({ face }) => face);
    if (!finder || !isDue) return { faces: [], isSearched: false };
    // No fewer than by default: those that are followed already may be among the best.
    const most = Math.max(maxFaces, MOST_FACES);
    return { faces: findFaces(image, { finder, landmarker, minScore, maxFaces: most }), isSearched: true };
  }

  /** The tracks with the faces that were found: each goes on the nearest track without one, or begins another. */
  #joined(tracks: readonly Track[], faces: readonly Face[], milliseconds: number): readonly Track[] {
    const joined = [...tracks];
    for (const face of faces) {
      const distance = ({ motion }: Track) =>
        Math.min(apart(motion.raw, face.points), apart(predict(motion, milliseconds), face.points));
      if (joined.some((track) => track.face && distance(track) < NEW)) continue;
      const [nearest] = joined
        .filter((track) => !track.face && distance(track) < REACH)
        .sort((a, b) => distance(a) - distance(b));
      if (nearest) {
        const motion = resume(nearest.motion, face.points, milliseconds);
        joined[joined.indexOf(nearest)] = { ...nearest, face, motion };
      } else if (this.#hasRoom(joined)) {
        joined.push({ id: this.#nextId++, face, motion: start(face.points, milliseconds) });
      }
    }
    return joined;
  }

  /** Whether there may be another track, for which the one that wasn't seen for longest goes. */
  #hasRoom(tracks: Track[]): boolean {
    if (tracks.length < this.#settings.maxFaces) return true;
    const [oldest] = tracks
      .filter(({ face }) => !face)
      .sort((a, b) => a.motion.milliseconds - b.motion.milliseconds);
    if (oldest) tracks.splice(tracks.indexOf(oldest), 1);
    return oldest !== undefined;
  }
}

/**
 * Where points are expected: where they were, and on as the face moved. While it rests, where they were is where they were smoothed:
 * noise that moves the place to read would come back as more noise.
 */
function predict({ raw, smooth, speed, milliseconds: since }: Motion, milliseconds: number): Point[] {
  const seconds = (milliseconds - since) / 1000;
  const mean = (axis: "x" | "y") => speed.reduce((sum, v) => sum + v[axis], 0) / speed.length;
  const [x, y] = [seconds * mean("x"), seconds * mean("y")];
  return (apart(raw, smooth) < RESTS ? smooth : raw).map((p) => ({ x: p.x + x, y: p.y + y }));
}

/** A motion in the pixels of an image of another size. */
function scaled({ milliseconds, ...motion }: Motion, x: number, y: number): Motion {
  const all = (points: readonly Point[]) => points.map((p) => ({ x: x * p.x, y: y * p.y }));
  return { milliseconds, raw: all(motion.raw), smooth: all(motion.smooth), speed: all(motion.speed) };
}
