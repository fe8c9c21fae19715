/** Many images, one after the other, with few of them in memory. */
import { pMapIterable } from "p-map";
import { expected } from "../core/errors.ts";
import type { Box, DetectOptions, Face, ImageLike, Instance } from "../core/types.ts";

/** An image of `detectMany` and where its faces are. It may have more, such as a name: results give it back as it is. */
export interface ManyItem {
  /** An image, a promise of one, or a function that reads one: it is called when the image's turn has come. */
  readonly image: ImageLike | PromiseLike<ImageLike> | (() => ImageLike | PromiseLike<ImageLike>);
  /**
   * Boxes in image pixels, or a function that finds them. Without boxes, a pool with a finder finds the faces, as `findFaces` does by
   * default; another reads the whole image as one.
   */
  readonly boxes?:
    | readonly Box[]
    | ((image: ImageLike) => readonly Box[] | PromiseLike<readonly Box[]>)
    | undefined;
}

/** `expand` and `refine` are for boxes: a face that the pool finds is always refined once. */
export interface DetectManyOptions extends DetectOptions {
  /** Ends the iteration when it is aborted, by an error that is the signal's reason. */
  readonly signal?: Instance<"AbortSignal"> | undefined;
}

/** What became of an item: its faces in the order of the boxes, found ones best first, or why there are none. */
export type ManyResult<Item extends ManyItem = ManyItem> =
  | { readonly item: Item; readonly faces: Face[]; readonly error?: undefined }
  | { readonly item: Item; readonly faces?: undefined; readonly error: Error };

export type ManyItems<Item extends ManyItem> = Iterable<Item> | AsyncIterable<Item>;

/** @throws TypeError */
export function checkMany(items: unknown, signal: unknown): void {
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(items);
  if (typeof (async ?? sync) !== "function" || typeof items === "string")
    throw expected(TypeError, "items", "an iterable or async iterable of { image, boxes? }", items);
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.addEventListener !== "function")
    throw expected(TypeError, "options.signal", "an AbortSignal", signal);
}

/**
 * Detects in order, at most `limit` images at once.
 * @param detect may reject
 * @param check throws once nothing can be detected any more
 */
export async function* inOrder<Item extends ManyItem>(
  items: ManyItems<Item>,
  limit: number,
  signal: DetectManyOptions["signal"],
  detect: (image: ImageLike, boxes: readonly Box[] | undefined) => Promise<Face[]>,
  check: () => void,
): AsyncGenerator<ManyResult<Item>, void, undefined> {
  const read = async (item: Item): Promise<ManyResult<Item>> => {
    try {
      if (typeof item !== "object" || item === null)
        throw expected(TypeError, "an item", "an object { image, boxes? }", item);
      const image = await (typeof item.image === "function" ? item.image() : item.image);
      const boxes = await (typeof item.boxes === "function" ? item.boxes(image) : item.boxes);
      return { item, faces: await detect(image, boxes) };
    } catch (thrown) {
      check();
      const error = thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
      return { item, error };
    }
  };
  const results = pMapIterable(items, read, { concurrency: limit })[Symbol.asyncIterator]();
  try {
    for (;;) {
      check();
      const { done, value } = await untilAborted(() => results.next(), signal);
      if (done) return;
      yield value;
    }
  } finally {
    // Closes the source, which may still be at work on its next item: nobody waits for that.
    void results.return?.().catch(() => {});
  }
}

/** Rejects with the signal's reason when it is aborted before the promise settles, or already is. */
async function untilAborted<T>(start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return start();
  if (signal.aborted) throw signal.reason;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([start(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
