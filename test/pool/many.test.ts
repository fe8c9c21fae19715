/** Many images through a pool: results in order, few images in memory, and ends that leave nothing behind. */
import diagnostics from "node:diagnostics_channel";
import type { Worker } from "node:worker_threads";
import { type Box, createLandmarkerSync, type ImageLike, LANDMARK_NAMES } from "fivepoint";
import { createPool, type ManyItem, type ManyResult, type Pool } from "fivepoint/pool";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../support/random.ts";

const next = random(7);
const images = Array.from(
  { length: 12 },
  (_, i): ImageLike => ({
    data: Uint8Array.from({ length: (80 + i) * 90 * 4 }, () => 256 * next()),
    width: 80 + i,
    height: 90,
  }),
);
const boxesOf = (i: number): Box[] =>
  Array.from({ length: i % 4 }, (_, k) => ({ x: 3 * k, y: 5 * k, width: 50, height: 40 + k }));
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
const settle = () => pause(30);

const landmarker = createLandmarkerSync();
let pool: Pool;
beforeAll(async () => {
  pool = await createPool({ size: 2 });
});
afterAll(async () => {
  landmarker.dispose();
  await pool.dispose();
});
/** How many images a pool of two workers reads at once. */
const AT_ONCE = 4;

async function all<Item extends ManyItem>(results: AsyncIterable<ManyResult<Item>>) {
  const found: ManyResult<Item>[] = [];
  for await (const result of results) found.push(result);
  return found;
}

/** An endless source, of which it is known how many items were taken and whether it was closed. */
function endless() {
  const seen = { taken: 0, isClosed: false };
  async function* items() {
    try {
      for (;;) yield { image: images[seen.taken % 12]!, index: seen.taken++ };
    } finally {
      seen.isClosed = true;
    }
  }
  return { seen, items: items() };
}

describe("detectMany", () => {
  it.each([undefined, { expand: 1.2, refine: 2 }])(
    "gives what a landmarker does, in order, with %o",
    async (options) => {
      // The first images take longest to read.
      const items = images.map((image, i) => ({
        name: `photo ${i}`,
        image: async () => {
          await pause(3 * (12 - i));
          return image;
        },
        boxes: boxesOf(i),
      }));
      const results = await all(pool.detectMany(items, options));
      expect(results.map(({ item }) => item.name)).toEqual(items.map(({ name }) => name));
      results.forEach(({ item, faces, error }, i) => {
        expect(item).toBe(items[i]);
        expect(error).toBeUndefined();
        expect(faces).toEqual(landmarker.detectAll(images[i]!, boxesOf(i), options));
      });
    },
  );

  it("takes images, promises and functions, boxes, functions and none, from iterables of both kinds", async () => {
    const [image, other] = [images[5]!, images[6]!];
    const find = ({ width }: ImageLike) => [{ x: 0, y: 0, width: width / 2, height: 40 }];
    const items: ManyItem[] = [
      { image },
      { image: Promise.resolve(other), boxes: boxesOf(3) },
      { image: () => image, boxes: find },
      { image: async () => other, boxes: async (image) => find(image) },
      { image, boxes: [] },
    ];
    const want = [
      [landmarker.detect(image)],
      landmarker.detectAll(other, boxesOf(3)),
      landmarker.detectAll(image, find(image)),
      landmarker.detectAll(other, find(other)),
      [],
    ];
    const faces = async (source: Iterable<ManyItem> | AsyncIterable<ManyItem>) =>
      (await all(pool.detectMany(source))).map(({ faces }) => faces);
    async function* late() {
      for (const item of items) {
        await pause(1);
        yield item;
      }
    }
    expect(await faces(items)).toEqual(want);
    expect(await faces(new Set(items))).toEqual(want);
    expect(await faces(late())).toEqual(want);
    expect(await faces([])).toEqual([]);
  });

  it("gives a result as soon as it is there, though the source is still at work on the next item", async () => {
    let go = () => {};
    async function* slow() {
      yield { image: images[0]! };
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      yield { image: images[1]! };
    }
    const results = pool.detectMany(slow());
    expect((await results.next()).value).toMatchObject({ faces: [landmarker.detect(images[0]!)] });
    go();
    expect((await results.next()).value).toMatchObject({ faces: [landmarker.detect(images[1]!)] });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it("asks for no more than two images per worker before results are taken, and for none before the first", async () => {
    const { seen, items } = endless();
    const results = pool.detectMany(items);
    await settle();
    expect(seen.taken).toBe(0);
    for (let taken = 1; taken <= 40; taken++) {
      const { value } = await results.next();
      expect(value!.item.index).toBe(taken - 1);
      if (taken % 10 === 0) await settle();
      expect(seen.taken).toBeLessThanOrEqual(taken + AT_ONCE);
    }
    await results.return();
  });

  it("gives the error of an item that fails, and the faces of the others", async () => {
    const image = images[0]!;
    const beside = { x: 1e6, y: 0, width: 9, height: 9 };
    const bad: [unknown, typeof Error, RegExp][] = [
      [{ image: () => Promise.reject(new RangeError("no such file")) }, RangeError, /^no such file$/],
      [{ image: () => Promise.reject("a string") }, Error, /^a string$/],
      [{ image: { ...image, width: 0 } }, RangeError, /image\.width/],
      [{ image, boxes: [beside] }, RangeError, /a box that covers a pixel.*boxes\[0\]/],
      [{ image, boxes: () => null }, TypeError, /boxes, but received null/],
      [image, TypeError, /pixels.* for image, but received undefined/],
      [null, TypeError, /\{ image, boxes\? \} for an item, but received null/],
    ];
    const items = bad.flatMap(([item]) => [item, { image }]) as ManyItem[];
    const results = await all(pool.detectMany(items));
    expect(results).toHaveLength(items.length);
    bad.forEach(([item, type, message], i) => {
      const { error, faces } = results[2 * i]!;
      expect(results[2 * i]!.item).toBe(item);
      expect(faces).toBeUndefined();
      expect(error).toBeInstanceOf(type);
      expect(error!.message).toMatch(message);
      expect(results[2 * i + 1]!.faces).toEqual([landmarker.detect(image)]);
    });
  });

  it("ends with the source's own error, after the results of what came before it", async () => {
    const broken = new Error("the camera is gone");
    async function* source() {
      for (const image of images.slice(0, 3)) yield { image };
      throw broken;
    }
    const found: unknown[] = [];
    const run = async () => {
      for await (const { faces } of pool.detectMany(source())) found.push(faces);
    };
    await expect(run()).rejects.toBe(broken);
    expect(found).toEqual(images.slice(0, 3).map((image) => [landmarker.detect(image)]));
  });

  it("closes the source when it is left", async () => {
    const { seen, items } = endless();
    for await (const { item } of pool.detectMany(items)) if (item.index === 5) break;
    await settle();
    expect(seen.isClosed).toBe(true);
    expect(seen.taken).toBeLessThanOrEqual(6 + AT_ONCE);
  });

  it("ends with the signal's reason, and closes the source", async () => {
    const { seen, items } = endless();
    const controller = new AbortController();
    const reason = new Error("enough");
    const results = pool.detectMany(items, { signal: controller.signal });
    await results.next();
    controller.abort(reason);
    await expect(results.next()).rejects.toBe(reason);
    expect(await results.next()).toEqual({ done: true, value: undefined });
    await settle();
    expect(seen.isClosed).toBe(true);

    const never = endless();
    await expect(all(pool.detectMany(never.items, { signal: controller.signal }))).rejects.toBe(reason);
    expect(never.seen.taken).toBe(0);
  });

  it("is aborted while the source, or an image, is still awaited", async () => {
    const never = new Promise<never>(() => {});
    const sources = [{ [Symbol.asyncIterator]: () => ({ next: () => never }) }, [{ image: () => never }]];
    for (const source of sources) {
      const pending = all(pool.detectMany(source, { signal: AbortSignal.timeout(20) }));
      await expect(pending).rejects.toMatchObject({ name: "TimeoutError" });
    }
    expect(await pool.detect(images[0]!)).toEqual(landmarker.detect(images[0]!));
  });

  it.each<[string, unknown, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    [
      "no items",
      undefined,
      undefined,
      TypeError,
      /iterable of \{ image, boxes\? \} for items, but received undefined/,
    ],
    ["one image", images[0], undefined, TypeError, /for items, but received an object/],
    ["a text", "photo.jpg", undefined, TypeError, /for items, but received "photo\.jpg"/],
    ["an unknown option", [], { concurrency: 3 }, TypeError, /expand, refine, signal.*"concurrency"/],
    ["a bad option of detect", [], { refine: 9 }, RangeError, /options\.refine.*9/],
    ["another one", [], { expand: 0 }, RangeError, /expand/],
    ["a signal that is none", [], { signal: true }, TypeError, /an AbortSignal for options\.signal.*true/],
  ])("refuses %s at once", (_, items, options, type, message) => {
    const call = () => pool.detectMany(items as ManyItem[], options as never);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  it("ends when the pool does", async () => {
    const own = await createPool({ size: 1 });
    const { seen, items } = endless();
    const results = own.detectMany(items);
    await results.next();
    await own.dispose();
    await expect(all(results)).rejects.toThrow(/disposed/);
    await expect(all(own.detectMany([]))).rejects.toThrow(/disposed/);
    await settle();
    expect(seen.isClosed).toBe(true);
  });

  it("loses no more than what a worker was at when it ended", async () => {
    const threads: Worker[] = [];
    const watch = (message: unknown) => threads.push((message as { worker: Worker }).worker);
    diagnostics.subscribe("worker_threads", watch);
    const own = await createPool({ size: 1 });
    const items = images.map((image, index) => ({ image, index }));
    const results: ManyResult<(typeof items)[number]>[] = [];
    for await (const result of own.detectMany(items)) {
      if (result.item.index === 1) void threads[0]!.terminate();
      results.push(result);
    }
    diagnostics.unsubscribe("worker_threads", watch);
    expect(results.map(({ item }) => item.index)).toEqual(items.map(({ index }) => index));
    const lost = results.filter(({ error }) => error);
    expect(lost.length).toBeLessThanOrEqual(2);
    for (const { error } of lost) expect(error!.message).toMatch(/^A worker of the pool ended/);
    for (const { item, faces } of results) if (faces) expect(faces).toEqual([landmarker.detect(item.image)]);
    expect(results.at(-1)!.faces).toHaveLength(1);
    await own.dispose();
  });
});

describe("align", () => {
  const image = images[3]!;
  const faces = [0, 1, 2].map((i) => ({
    points: LANDMARK_NAMES.map((_, k) => ({ x: 20 + 9 * k * (i + 1) + i, y: 30 + ((k * 17 + i) % 40) })),
  }));

  it("gives a landmarker's chips, for one face and for several", async () => {
    for (const options of [
      undefined,
      { template: "omz96x112", border: "replicate", antialias: false },
    ] as const) {
      expect(await pool.align(image, faces, options)).toEqual(landmarker.align(image, faces, options));
      expect(await pool.align(image, faces[0]!, options)).toEqual(
        landmarker.align(image, faces[0]!, options),
      );
    }
    expect(await pool.align(image, [])).toEqual([]);
  });

  it("lies beside other calls, which it doesn't change", async () => {
    const want = landmarker.detectAll(image, boxesOf(3), { refine: 2 });
    const found = pool.detectAll(image, boxesOf(3), { refine: 2 });
    const chips = await Promise.all(faces.map((face) => pool.align(image, face)));
    expect(await found).toEqual(want);
    expect(chips).toEqual(landmarker.align(image, faces));
  });

  it("is rejected for what a landmarker refuses, and by a pool that has ended", async () => {
    await expect(pool.align(image, [undefined as never])).rejects.toThrow(/for faces\[0\].*undefined/);
    await expect(pool.align(image, faces, { size: 3 } as never)).rejects.toThrow(
      /template, border, antialias/,
    );
    const own = await createPool({ size: 1 });
    await own.dispose();
    await expect(own.align(image, faces)).rejects.toThrow(/disposed/);
  });
});
