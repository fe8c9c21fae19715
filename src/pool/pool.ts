import { getModule, getWeights } from "../bundled.ts";
import { type AlignedFace, type AlignOptions, alignEach } from "../core/align.ts";
import { cropInto } from "../core/crop.ts";
import { checkOptions, expected, WeightsError } from "../core/errors.ts";
import { type FindFacesOptions, landmarkBox, proposalOptions, wantedFaces } from "../core/finder/faces.ts";
import type { Finder, FinderParts, Search } from "../core/finder/finder.ts";
import { FACE_MIN_SCORE, resolveLimits } from "../core/finder/options.ts";
import type { FindOptions, FoundBox } from "../core/finder/types.ts";
import type { Pixels } from "../core/image.ts";
import { Landmarker, toFace } from "../core/landmarker.ts";
import { CROP_BYTES, instantiate, type ModelExports, OUTPUTS } from "../core/model.ts";
import { resolveOptions } from "../core/options.ts";
import { refine } from "../core/refine.ts";
import { checkCrops, faceRequest, facesRequest, type Request } from "../core/request.ts";
import type {
  Box,
  DetectOptions,
  Face,
  ImageLike,
  LandmarkerInfo,
  LandmarkerOptions,
} from "../core/types.ts";
import { squareInto, wasmEngine } from "../core/warp-wasm.ts";
import {
  checkMany,
  type DetectManyOptions,
  inOrder,
  type ManyItem,
  type ManyItems,
  type ManyResult,
} from "./many.ts";
import type { Answer, Answers, Start, Work } from "./messages.ts";

export interface PoolOptions extends LandmarkerOptions {
  /**
   * How many workers, 1 to 256; default as many as the machine has cores (2 where a browser doesn't tell), at most 8: one
   * thread can't feed more.
   */
  readonly size?: number | undefined;
  /**
   * What `find` and `findFaces` find faces with, made by `createFinder` of `fivepoint/finder`. The pool shrinks images with it: it
   * stays the caller's, who may use it meanwhile and disposes it after the pool.
   */
  readonly finder?: Finder | undefined;
}

/** A worker of a platform. */
export interface Thread {
  post(message: Start | Work, transfer?: ArrayBuffer[]): void;
  /** Says whether it keeps the program from ending. */
  keepAlive(busy: boolean): void;
  stop(): unknown;
}

/** How a platform counts its cores and starts workers. */
export interface Platform {
  cores(): number;
  /**
   * Starts the worker's script.
   * @param onAnswer called with each message that it posts
   * @param onEnd called with an error or a text when it fails or ends by itself
   * @throws Error when it can't be started
   */
  start(onAnswer: (answers: Answers) => void, onEnd: (reason: unknown) => void): Thread;
}

const MOST_WORKERS = 256;
/** The calling thread crops some 30,000 faces per second; a worker reads 6,000. */
const MOST_BY_DEFAULT = 8;
/** Crops of 6.9 KB: 113 MB. */
const MOST_WAITING = 16_384;
/** Images of `detectMany` per worker: one that is read, and one that waits for it. */
const IMAGES_AT_ONCE = 2;

/** What waits for an answer of a worker. */
interface Job {
  /** Takes the answer to what it has sent. */
  done(answer: unknown): void;
  fail(error: Error): void;
}

/** One face to be read. */
interface FaceJob extends Job {
  readonly crop: Uint8Array;
}

/** One image, shrunk, in which faces are to be found. */
interface ImageJob extends Job {
  readonly search: Search;
}

interface Seat {
  thread?: Thread;
  /** What it works on: nothing while it starts. */
  jobs: readonly Job[];
  state: "starting" | "idle" | "busy";
  /** Whether it has been given the finder. */
  hasFinder: boolean;
  /** Whether what it works on, or worked on last, is an image. */
  isSearching: boolean;
}

/**
 * Workers that find faces and landmarks on all cores. Made by `createPool`. Every face is cropped on the calling thread, in some
 * 20 µs, before a method returns its promise: the image may be changed at once (with `refine` and `findFaces`, when the promise
 * settles), and only 6.9 KB per face go to a worker; for `find`, the shrunk image. The answers equal those of a `Landmarker` and a
 * `Finder` bit for bit. An error rejects the promise of its own call alone.
 */
export class Pool {
  /** How many workers. */
  readonly size: number;
  /** What runs in each; `memoryBytes` is that of one. */
  readonly info: LandmarkerInfo;
  readonly #platform: Platform;
  readonly #start: Start;
  /** Makes crops alone: it has no weights. */
  readonly #cropper: ModelExports;
  readonly #finder: Finder | undefined;
  readonly #finderParts: FinderParts | undefined;
  readonly #seats = new Set<Seat>();
  // What waits for a worker.
  #faces: FaceJob[] = [];
  #images: ImageJob[] = [];
  #isWaking = false;
  #whenReady: (() => void)[] = [];
  /** Why it takes no more work. */
  #ended: Error | undefined;

  private constructor(
    platform: Platform,
    size: number,
    info: LandmarkerInfo,
    start: Start,
    finder: Finder | undefined,
  ) {
    this.size = size;
    this.info = info;
    this.#platform = platform;
    this.#start = start;
    this.#cropper = instantiate(start.module);
    this.#finder = finder;
    const parts = finder?.parts;
    this.#finderParts = parts && { ...parts, weights: parts.weights.slice() }; // a copy, as of the landmarks'
  }

  /** @internal */
  static async create(platform: Platform, options: PoolOptions | undefined): Promise<Pool> {
    checkOptions(options, ["size", "weights", "precision", "simd", "module", "finder"]);
    const { size = Math.min(MOST_BY_DEFAULT, platform.cores()), finder, ...others } = options ?? {};
    if (!(Number.isInteger(size) && size >= 1 && size <= MOST_WORKERS))
      throw expected(RangeError, "options.size", `a whole number of 1 to ${MOST_WORKERS}`, size);
    if (finder !== undefined && typeof finder?.shrink !== "function")
      throw expected(TypeError, "options.finder", "a Finder (createFinder)", finder);
    const settings = resolveOptions(others);
    const module = await getModule(settings);
    // A copy: the bytes are posted again to each worker that takes another's place.
    const weights = getWeights(settings).slice();
    const { info } = new Landmarker(module, weights, settings); // what a worker couldn't use is refused here
    const pool = new Pool(platform, size, info, { module, weights, precision: info.precision }, finder);
    try {
      await Promise.all(Array.from({ length: size }, () => pool.#seat()));
    } catch (error) {
      await pool.dispose().catch(() => {}); // of two errors, the first one tells why
      throw error;
    }
    return pool;
  }

  /**
   * Finds the landmarks of one face.
   * @param box where the face is, in image pixels; default the whole image
   * @throws (as a rejection) TypeError, RangeError for an image or a box that can't be read; WeightsError when the weights
   *   overflow on it; Error when the worker ends
   */
  async detect(image: ImageLike, box?: Box, options?: DetectOptions): Promise<Face> {
    this.#check();
    const [face] = await this.#detect(faceRequest(image, box, options));
    return face!;
  }

  /**
   * Finds the landmarks of every face of one image, in the order of `boxes`.
   * @throws (as a rejection) as `detect`
   */
  async detectAll(image: ImageLike, boxes: readonly Box[], options?: DetectOptions): Promise<Face[]> {
    this.#check();
    return this.#detect(facesRequest(image, boxes, options));
  }

  /**
   * Finds faces: a finder's `find`, for a pool that was made with one. The image is shrunk on the calling thread, before the
   * method returns its promise.
   * @returns boxes in image pixels, inside the image, best first: what `detectAll` takes
   * @throws (as a rejection) TypeError, RangeError for an image or options that can't be used; WeightsError when the weights
   *   overflow on it; Error when the pool has no finder, its finder has been disposed or the worker ends
   */
  async find(image: ImageLike, options?: FindOptions): Promise<FoundBox[]> {
    this.#check();
    if (!this.#finder) {
      throw new Error(
        "This Pool has no finder: pass one to createPool, { finder: await createFinder() } of fivepoint/finder.",
      );
    }
    const search = this.#finder.shrink(image, options);
    return new Promise((done, fail) => {
      this.#images.push({ search, done, fail });
      this.#wake();
    });
  }

  /**
   * Finds the faces of an image and their five points, for a pool that was made with a finder: what `findFaces` of
   * `fivepoint/finder` does.
   * @returns faces, best score first
   * @throws (as a rejection) as `find`
   */
  async findFaces(
    image: ImageLike,
    options?: Omit<FindFacesOptions, "finder" | "landmarker">,
  ): Promise<Face[]> {
    checkOptions(options, ["minScore", "maxFaces", "maxSide"]);
    const limits = resolveLimits(options, FACE_MIN_SCORE);
    const proposals = await this.find(image, proposalOptions(limits, options?.maxSide));
    const boxes = proposals.map(landmarkBox);
    return wantedFaces(await this.#detect(facesRequest(image, boxes, { refine: true })), limits);
  }

  /**
   * Finds the landmarks in many images, in their order. At most two images per worker are being read at once: the next item is
   * asked for when a result has been taken. An item that fails gives its error and the others go on; where the items themselves
   * end by an error, the iteration does so after the results before it. When it is left or aborted, the items are closed, too.
   *
   *     const items = files.map((file) => ({ file, image: () => readImage(file) }));
   *     for await (const { item, faces, error } of pool.detectMany(items)) { … }
   *
   * @param items an iterable or async iterable of images and their boxes
   * @throws TypeError, RangeError at once for items or options that can't be used; while iterating, what the items throw,
   *   the signal's reason, and Error when the pool has ended
   */
  detectMany<Item extends ManyItem>(
    items: ManyItems<Item>,
    options?: DetectManyOptions,
  ): AsyncGenerator<ManyResult<Item>, void, undefined> {
    checkOptions(options, ["expand", "refine", "signal"]);
    const { signal, ...each } = options ?? {};
    checkMany(items, signal);
    // What can't be used for one pixel can't for any image.
    faceRequest({ data: new Uint8Array(4), width: 1, height: 1 }, undefined, each);
    const detect = async (image: ImageLike, boxes: readonly Box[] | undefined) => {
      await this.ready();
      if (boxes !== undefined) return this.detectAll(image, boxes, each);
      return this.#finder ? this.findFaces(image) : [await this.detect(image, undefined, each)];
    };
    return inOrder(items, IMAGES_AT_ONCE * this.size, signal, detect, () => {
      if (this.#ended) throw this.#ended;
    });
  }

  /**
   * Warps faces so that their points lie on those of a template: a landmarker's `align`, to the same bytes. It works on the calling
   * thread, before it returns its promise: to copy what a chip needs of the image to a worker takes as long as to warp it.
   * @throws (as a rejection) TypeError, RangeError as a landmarker's
   */
  align(image: ImageLike, face: Pick<Face, "points">, options?: AlignOptions): Promise<AlignedFace>;
  align(
    image: ImageLike,
    faces: readonly Pick<Face, "points">[],
    options?: AlignOptions,
  ): Promise<AlignedFace[]>;
  async align(
    image: ImageLike,
    faces: Pick<Face, "points"> | readonly Pick<Face, "points">[],
    options?: AlignOptions,
  ): Promise<AlignedFace | AlignedFace[]> {
    if (this.#ended) throw this.#ended;
    return alignEach(image, faces, options, wasmEngine(this.#cropper));
  }

  /**
   * Runs the network on ready crops.
   * @param crops `count` crops of 48×48 pixels, BGR, without gaps: `count · 6,912` bytes; copied
   * @returns `count · 10` numbers in 0..1: x0, y0 … x4, y4 of each face relative to its crop
   * @throws (as a rejection) TypeError, RangeError when `crops` isn't a byte array of that length; Error when a worker ends
   */
  async run(crops: Uint8Array | Uint8ClampedArray, count = 1): Promise<Float32Array> {
    this.#check();
    const answers = await this.#read(checkCrops(crops, count).slice());
    const results = new Float32Array(count * OUTPUTS);
    for (const [i, { normalized }] of answers.entries()) results.set(normalized, i * OUTPUTS);
    return results;
  }

  /**
   * Resolves when the workers will soon be out of work. Whoever has more faces than memory waits for it between images:
   * calls beyond 16,384 waiting faces are rejected with a RangeError. An image for `find` or `findFaces` counts as 16 faces.
   */
  async ready(): Promise<void> {
    while (this.#waiting >= 2 * this.#cropper.batch() * this.size)
      await new Promise<void>((resume) => this.#whenReady.push(resume));
  }

  /** Ends the workers. What is pending and every later call is rejected. */
  async dispose(): Promise<void> {
    const threads = this.#end(new Error("This Pool has been disposed: create another one."));
    await Promise.all(threads.map(async (thread) => thread.stop())); // each one, even after one that throws
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** As a landmarker's. */
  get [Symbol.toStringTag](): string {
    return "Pool";
  }

  /** How many faces wait. An image, which takes a worker longer, counts as many as it takes at once. */
  get #waiting(): number {
    return this.#faces.length + this.#cropper.batch() * this.#images.length;
  }

  #check(): void {
    if (this.#ended) throw this.#ended;
    const waiting = this.#waiting;
    if (waiting >= MOST_WAITING) {
      throw new RangeError(
        `Expected fewer than ${MOST_WAITING} faces to be waiting, but ${waiting} are: await ready() or earlier results first. An image to find faces in counts as ${this.#cropper.batch()}.`,
      );
    }
  }

  async #detect({ pixels, boxes, refine: passes }: Request): Promise<Face[]> {
    const crops = new Uint8Array(boxes.length * CROP_BYTES);
    for (const [i, box] of boxes.entries()) {
      cropInto(this.#cropper, pixels, box, 0);
      crops.set(this.#crop(), i * CROP_BYTES);
    }
    const answers = await this.#read(crops);
    const faces = answers.map((answer, i) => toFace(answer, boxes[i]!));
    if (passes === 0) return faces;
    return Promise.all(faces.map((face) => this.#refine(pixels, face, passes)));
  }

  async #refine(pixels: Pixels, face: Face, passes: number): Promise<Face> {
    const reading = refine(face, passes, this.info.weights.score === "learned");
    let step = reading.next();
    while (!step.done) {
      if (!squareInto(this.#cropper, pixels, step.value, 0)) return face;
      const [answer] = await this.#read(this.#crop().slice());
      step = reading.next(answer!);
    }
    return step.value;
  }

  /** The crop that was made last. */
  #crop(): Uint8Array {
    return new Uint8Array(this.#cropper.memory.buffer, this.#cropper.crops(), CROP_BYTES);
  }

  /** Gets an answer for each crop. */
  async #read(crops: Uint8Array): Promise<Answer[]> {
    if (this.#ended) throw this.#ended; // of a face that is read again, since its last answer came
    const count = crops.length / CROP_BYTES;
    const answers = Array.from({ length: count }, (_, i) => {
      const crop = crops.subarray(i * CROP_BYTES, (i + 1) * CROP_BYTES);
      return new Promise<Answer>((done, fail) => this.#faces.push({ crop, done, fail }));
    });
    this.#wake();
    return Promise.all(answers);
  }

  /** Hands out what waits once the calling code has ended, so that all faces of an image are shared evenly. */
  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      const idle = [...this.#seats].filter(({ state }) => state === "idle");
      for (const [i, seat] of idle.entries()) {
        if (this.#waiting > 0) this.#employ(seat, Math.ceil(this.#faces.length / (idle.length - i)));
      }
      for (const resume of this.#whenReady.splice(0)) resume();
    });
  }

  /** @param share how many of the faces that wait are for this worker */
  #employ(seat: Seat, share: number): void {
    // Images and faces take turns, so that neither wait until all of the others are done.
    seat.isSearching = this.#images.length > 0 && (this.#faces.length === 0 || !seat.isSearching);
    seat.state = "busy";
    try {
      seat.thread!.keepAlive(true);
      if (seat.isSearching) this.#postImage(seat);
      else this.#postFaces(seat, Math.min(share, this.#cropper.batch())); // the network takes no more at once
    } catch (error) {
      this.#replace(seat, error);
    }
  }

  #postImage(seat: Seat): void {
    const job = this.#images.shift()!;
    seat.jobs = [job];
    const { search } = job;
    const finder = seat.hasFinder ? undefined : this.#finderParts;
    seat.thread!.post({ search, finder }, [search.pixels.data.buffer as ArrayBuffer]);
    seat.hasFinder = true;
  }

  #postFaces(seat: Seat, count: number): void {
    const jobs = this.#faces.splice(0, count);
    seat.jobs = jobs;
    const crops = new Uint8Array(count * CROP_BYTES);
    for (const [i, { crop }] of jobs.entries()) crops.set(crop, i * CROP_BYTES);
    seat.thread!.post({ crops }, [crops.buffer]);
  }

  /** Starts a worker; resolves when it can take work. */
  #seat(): Promise<void> {
    return new Promise((started, fail) => {
      const seat: Seat = { jobs: [], state: "starting", hasFinder: false, isSearching: false };
      const end = (reason: unknown) => fail(this.#replace(seat, reason));
      this.#seats.add(seat);
      try {
        seat.thread = this.#platform.start((answers) => {
          try {
            for (const [i, job] of seat.jobs.entries()) {
              if (typeof answers === "string") job.fail(new WeightsError(answers));
              else job.done(answers[i]);
            }
            seat.jobs = [];
            seat.state = "idle";
            seat.thread!.keepAlive(false);
            started();
            this.#wake();
          } catch (error) {
            end(error);
          }
        }, end);
        seat.thread.post(this.#start);
      } catch (error) {
        end(error);
      }
    });
  }

  /**
   * Fails what a worker that ended was at, and starts another one. One that couldn't even start isn't tried again: without
   * any worker the pool ends.
   * @returns the error that it fails with
   */
  #replace(seat: Seat, reason: unknown): Error {
    const text = reason instanceof Error ? reason.message : reason;
    const verb = seat.state === "starting" ? "couldn't start" : "ended";
    const error = new Error(`A worker of the pool ${verb}: ${text}`, { cause: reason });
    if (!this.#seats.delete(seat)) return error;
    void (async () => seat.thread?.stop())().catch(() => {}); // it has failed already
    for (const job of seat.jobs) job.fail(error);
    if (seat.state !== "starting") this.#seat().catch(() => {});
    else if (this.#seats.size === 0) this.#end(error);
    return error;
  }

  /** Rejects what is pending. @returns the threads that there were */
  #end(error: Error): Thread[] {
    this.#ended ??= error;
    const seats = [...this.#seats];
    this.#seats.clear();
    const waiting = [...this.#faces.splice(0), ...this.#images.splice(0)];
    for (const job of [...seats.flatMap(({ jobs }) => jobs), ...waiting]) job.fail(this.#ended);
    for (const resume of this.#whenReady.splice(0)) resume();
    return seats.flatMap(({ thread }) => thread ?? []);
  }
}
