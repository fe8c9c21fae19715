/** Finding faces with a pool: the answers are a finder's on one thread, and only what a worker needs goes to it. */
import diagnostics from "node:diagnostics_channel";
import type { Worker } from "node:worker_threads";
import { createLandmarkerSync, type ImageLike, type PixelFormat, WeightsError } from "fivepoint";
import { createFinderSync, type FindOptions, findFaces } from "fivepoint/finder";
import { createPool, type ManyItem, type Pool } from "fivepoint/pool";
import { createTracker } from "fivepoint/tracker";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { toFloat32, toTensor } from "../../src/core/container.ts";
import { FINDER, serializeFinderWeights } from "../../src/core/finder/network.ts";
import { bgrImage, convert } from "../support/images.ts";
import { randomWeights } from "../support/weights.ts";

const finder = createFinderSync();
const landmarker = createLandmarkerSync();
let photo: ImageLike;
let pool: Pool;

/** The threads that were started, and what was posted to them, since the test began. */
let threads: Worker[] = [];
let posted: { readonly crops?: Uint8Array; readonly search?: object; readonly finder?: object }[] = [];
const watch = (message: unknown) => {
  const { worker } = message as { worker: Worker };
  threads.push(worker);
  const post = worker.postMessage.bind(worker) as (...args: unknown[]) => void;
  worker.postMessage = (sent: object, ...others: unknown[]) => {
    posted.push(structuredClone(sent)); // before its buffers are transferred
    post(sent, ...others);
  };
};

beforeAll(async () => {
  const { data, info } = await sharp("examples/astronaut.jpg").raw().toBuffer({ resolveWithObject: true });
  photo = { data: new Uint8Array(data), width: info.width, height: info.height, format: "rgb" };
  diagnostics.subscribe("worker_threads", watch);
  pool = await createPool({ size: 2, finder });
});
beforeEach(() => {
  threads = [];
  posted = [];
});
afterAll(async () => {
  diagnostics.unsubscribe("worker_threads", watch);
  await pool.dispose();
});

const noise = (width: number, height: number, format: PixelFormat, gap = 0): ImageLike =>
  convert(
    bgrImage({ kind: "noise", width, height, seed: width + 3 * height }),
    { width, height },
    format,
    gap,
  );

/** What a promise is rejected with. */
const reason = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("not rejected"),
    (error) => error as Error,
  );
const thrown = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return expect.fail("nothing thrown");
};

describe("answers", () => {
  it.each<[PixelFormat, number, number, FindOptions]>([
    ["rgba", 1, 1, { minScore: 0 }],
    ["rgb", 31, 97, { minScore: 0, maxFaces: 7 }],
    ["bgr", 320, 320, { minScore: 0.01 }],
    ["bgra", 321, 200, { minScore: 0.01 }],
    ["gray", 777, 1001, { minScore: 0.01 }],
    ["rgb", 640, 480, { minScore: 0.01, maxSide: 99 }],
    ["rgba", 9000, 60, { minScore: 0 }],
  ])("are a finder's to the last bit: %s, %d × %d, %o", async (format, width, height, options) => {
    const image = noise(width, height, format, 5);
    const want = finder.find(image, options);
    expect(want.length).toBeGreaterThan(0);
    expect(await pool.find(image, options)).toEqual(want);
  });

  it("are the same for a photo, whatever else the pool and the finder do meanwhile", async () => {
    const want = findFaces(photo, { finder, landmarker });
    expect(want).toHaveLength(1);
    const options = { minScore: 0.95, maxFaces: 2, maxSide: 160 };
    const [boxes, faces, few, read] = await Promise.all([
      pool.find(photo, { minScore: 0.05 }),
      pool.findFaces(photo),
      pool.findFaces(photo, options),
      pool.detectAll(photo, finder.find(photo)),
    ]);
    expect(boxes).toEqual(finder.find(photo, { minScore: 0.05 }));
    expect(faces).toEqual(want);
    expect(few).toEqual(findFaces(photo, { finder, landmarker, ...options }));
    expect(read).toEqual(landmarker.detectAll(photo, finder.find(photo)));
  });

  it("are the same with another tier, side and weights", async () => {
    for (const options of [
      { simd: "baseline", maxSide: 512 },
      { weights: serializeFinderWeights(randomWeights(3, FINDER)), maxSide: 64 },
    ] as const) {
      const own = createFinderSync(options);
      const other = await createPool({ size: 1, finder: own, precision: "int8" });
      expect(await other.find(photo, { minScore: 0.01 })).toEqual(own.find(photo, { minScore: 0.01 }));
      const int8 = createLandmarkerSync({ precision: "int8" });
      expect(await other.findFaces(photo)).toEqual(findFaces(photo, { finder: own, landmarker: int8 }));
      await other.dispose();
    }
  });

  it("don't change when the image does after the call, and the image stays the caller's", async () => {
    const data = photo.data.slice();
    const found = pool.find({ ...photo, data });
    data.fill(0);
    expect(await found).toEqual(finder.find(photo));
    expect(data).toHaveLength(photo.data.length);
  });

  it("of findFaces are as many as are wanted", async () => {
    const [face, across] = [72, 12]; // pixels of a face's side, faces a row
    const part = sharp("examples/astronaut.jpg").extract({ left: 130, top: 40, width: 130, height: 150 });
    const pixels = await part.resize(face, face, { fit: "fill" }).raw().toBuffer();
    const row = (y: number) => pixels.subarray(3 * face * y, 3 * face * (y + 1));
    const strip = Array.from({ length: face }, (_, y) => Array<Buffer>(across).fill(row(y))).flat();
    const data = new Uint8Array(Buffer.concat(Array<Buffer[]>(across).fill(strip).flat()));
    const side = face * across;
    const crowd: ImageLike = { data, width: side, height: side, format: "rgb" };
    const own = createFinderSync({ maxSide: side });
    const other = await createPool({ size: 1, finder: own });
    const faces = await other.findFaces(crowd, { maxFaces: 150 });
    expect(faces.length).toBeGreaterThan(100);
    expect(faces).toEqual(findFaces(crowd, { finder: own, landmarker, maxFaces: 150 }));
    await other.dispose();
  });

  it("of findFaces are empty where there is no face", async () => {
    expect(
      await pool.findFaces({ data: new Uint8Array(90_000), width: 300, height: 300, format: "gray" }),
    ).toEqual([]);
  });
});

describe("a worker", () => {
  it("gets the finder with its first image alone, and of a large photo the shrunk one", async () => {
    const own = await createPool({ size: 1, finder });
    await own.detect(photo);
    expect(posted).toEqual([
      expect.not.objectContaining({ finder: expect.anything() }),
      { crops: expect.anything() },
    ]);
    posted = [];
    const large: ImageLike = { data: new Uint8Array(4000 * 3000), width: 4000, height: 3000, format: "gray" };
    await own.find(large);
    await own.findFaces(large);
    const images = posted.filter(({ search }) => search);
    expect(images.map(({ finder }) => finder !== undefined)).toEqual([true, false]);
    for (const { search } of images) expect(bytesIn(search)).toBe(320 * 240 * 3);
    await own.dispose();
  });

  it("shares images with the others", async () => {
    const own = await createPool({ size: 3, finder });
    const seen = new Set<Worker>();
    for (const thread of threads) thread.on("message", () => seen.add(thread));
    await Promise.all([own.find(photo), own.find(photo), own.find(photo)]);
    expect(seen.size).toBe(3);
    await own.dispose();
  });

  it("takes images and faces in turn: neither wait for all of the others", async () => {
    const own = await createPool({ size: 1, finder });
    const done: string[] = [];
    const note = (name: string) => (): void => void done.push(name);
    const images = Array.from({ length: 5 }, () => own.find(photo).then(note("image")));
    const faces = Array.from({ length: 48 }, () => own.detect(photo).then(note("face")));
    await Promise.all([...images, ...faces]);
    const runs = done.filter((name, i) => name !== done[i - 1]);
    expect(runs).toEqual(["image", "face", "image", "face", "image", "face", "image"]);
    await own.dispose();
  });

  it("that ends rejects the image that it was at; another one, which gets the finder too, goes on", async () => {
    const own = await createPool({ size: 1, finder });
    await own.find(photo);
    const calls = [own.find(photo), own.find(photo)] as const;
    await Promise.resolve();
    void threads[0]!.terminate();
    expect((await reason(calls[0])).message).toMatch(/^A worker of the pool ended: exit status/);
    expect(await calls[1]).toEqual(finder.find(photo));
    expect(posted.filter(({ finder }) => finder)).toHaveLength(2);
    expect(threads).toHaveLength(2);
    await own.dispose();
  });
});

/** The bytes of all buffers in a message. */
function bytesIn(message: unknown): number {
  if (ArrayBuffer.isView(message)) return message.buffer.byteLength;
  if (typeof message !== "object" || message === null) return 0;
  return Object.values(message).reduce((sum, value) => sum + bytesIn(value), 0);
}

describe("errors", () => {
  const cut = { data: new Uint8Array(3), width: 2, height: 2 };
  it.each<[string, unknown, unknown]>([
    ["no image", undefined, undefined],
    ["too few bytes", cut, {}],
    ["a score above 1", null, { minScore: 1.5 }],
    ["no face at all", null, { maxFaces: 0 }],
    ["a larger side than the finder's", null, { maxSide: 321 }],
    ["an unknown key", null, { threshold: 1 }],
    ["options that are none", null, 7],
  ])("are a finder's for %s, and of that call alone", async (_, image, options) => {
    const given = (image === null ? photo : image) as ImageLike;
    const want = thrown(() => finder.find(given, options as FindOptions)) as Error;
    for (const call of [
      pool.find(given, options as FindOptions),
      pool.findFaces(given, options as FindOptions),
    ]) {
      const error = await reason(call);
      expect(error).toEqual(want);
      expect(error.constructor).toBe(want.constructor);
    }
    expect(await pool.find(photo)).toEqual(finder.find(photo));
  });

  it("say what to pass to a pool that has no finder", async () => {
    const own = await createPool({ size: 1 });
    for (const call of [own.find(photo), own.findFaces(photo)])
      expect((await reason(call)).message).toBe(
        "This Pool has no finder: pass one to createPool, { finder: await createFinder() } of fivepoint/finder.",
      );
    expect(await own.detect(photo)).toEqual(landmarker.detect(photo));
    await own.dispose();
  });

  it.each<[string, unknown, RegExp]>([
    ["a promise of one", Promise.resolve(finder), /a Finder \(createFinder\) for options\.finder.*Promise/],
    ["true", true, /options\.finder, but received true/],
    ["null", null, /options\.finder, but received null/],
    ["a landmarker", landmarker, /options\.finder, but received an object of type Landmarker/],
  ])("refuse %s for the finder before a worker starts", async (_, given, message) => {
    const error = await reason(createPool({ finder: given as never }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
    expect(threads).toEqual([]);
  });

  it("are refused a pool where a finder or a landmarker belongs", () => {
    const where: [string, () => unknown][] = [
      ["Finder", () => findFaces(photo, { finder: pool as never, landmarker })],
      ["Landmarker", () => findFaces(photo, { finder, landmarker: pool as never })],
      ["Finder", () => createTracker({ finder: pool as never, landmarker })],
      ["Landmarker", () => createTracker({ finder, landmarker: pool as never })],
    ];
    for (const [wanted, make] of where)
      expect(make).toThrow(new RegExp(`a ${wanted} .*, but received an object of type Pool`));
  });

  it("come from a finder that has been disposed", async () => {
    const own = createFinderSync({ maxSide: 64 });
    const other = await createPool({ size: 1, finder: own });
    await other.find(photo);
    own.dispose();
    for (const call of [other.find(photo), other.findFaces(photo), createPool({ finder: own })])
      expect((await reason(call)).message).toBe("This Finder has been disposed: create another one.");
    expect(await other.detect(photo)).toEqual(landmarker.detect(photo));
    await other.dispose();
  });

  it("come from weights that overflow, and end no worker", async () => {
    const file = randomWeights(3, FINDER);
    const name = "conv8.scale";
    const tensor = file.tensors.get(name)!;
    const large = toTensor(
      name,
      "F32",
      tensor.shape,
      toFloat32(tensor).map((v) => v * 2.5e38),
    );
    const tensors = new Map([...file.tensors, [name, large]]);
    const own = createFinderSync({ weights: serializeFinderWeights({ ...file, tensors }) });
    const other = await createPool({ size: 1, finder: own });
    for (const call of [other.find(photo), other.findFaces(photo)]) {
      const error = await reason(call);
      expect(error).toBeInstanceOf(WeightsError);
      expect(error.message).toBe((thrown(() => own.find(photo)) as Error).message);
    }
    expect(threads).toHaveLength(1);
    await other.dispose();
  });

  it("end what is pending when the pool is disposed, and every later call; the finder is still the caller's", async () => {
    const own = await createPool({ size: 1, finder });
    const pending = [own.find(photo), own.find(photo), own.findFaces(photo)];
    await Promise.resolve();
    const disposed = own.dispose();
    for (const call of [...pending, own.find(photo), own.findFaces(photo)])
      expect((await reason(call)).message).toBe("This Pool has been disposed: create another one.");
    await disposed;
    expect(finder.find(photo)).toHaveLength(1);
  });

  it("refuse more images than may wait, and lose none that were taken", async () => {
    const small = createFinderSync({ maxSide: 32 });
    const own = await createPool({ size: 1, finder: small });
    const image = noise(32, 32, "gray");
    const want = findFaces(image, { finder: small, landmarker, minScore: 0 });
    const taken = Array.from({ length: 1024 }, () => own.findFaces(image, { minScore: 0 }));
    const refused = await reason(own.findFaces(image));
    expect(refused).toBeInstanceOf(RangeError);
    expect(refused.message).toMatch(
      /fewer than 16384 faces to be waiting, but 16384 are.*An image .* counts as 16\./,
    );
    let isReady = false;
    const ready = own.ready().then(() => {
      isReady = true;
    });
    await taken[0];
    expect(isReady).toBe(false);
    expect(await Promise.all(taken)).toEqual(Array(1024).fill(want));
    await ready;
    await own.dispose();
  });
});

describe("detectMany", () => {
  async function all(results: AsyncIterable<unknown>) {
    const found: unknown[] = [];
    for await (const { item: _, ...result } of results as AsyncIterable<{ item: unknown }>)
      found.push(result);
    return found;
  }

  it("finds the faces of images without boxes, between others", async () => {
    const boxes = [{ x: 140, y: 67, width: 106, height: 112 }];
    const items: ManyItem[] = [
      { image: photo },
      { image: () => Promise.resolve(photo), boxes },
      { image: photo, boxes: (image) => pool.find(image) },
      { image: { ...photo, width: 0 } },
      { image: noise(99, 300, "rgba") },
    ];
    const results = await all(pool.detectMany(items, { refine: 2 }));
    expect(results).toEqual([
      { faces: findFaces(photo, { finder, landmarker }) },
      { faces: landmarker.detectAll(photo, boxes, { refine: 2 }) },
      { faces: landmarker.detectAll(photo, finder.find(photo), { refine: 2 }) },
      { error: thrown(() => finder.find({ ...photo, width: 0 })) },
      { faces: findFaces(noise(99, 300, "rgba"), { finder, landmarker }) },
    ]);
  });

  it("is aborted while it finds, and goes on after a worker has ended", async () => {
    const own = await createPool({ size: 1, finder });
    const controller = new AbortController();
    const pending = all(own.detectMany([{ image: photo }], { signal: controller.signal }));
    controller.abort(new Error("enough"));
    expect((await reason(pending)).message).toBe("enough");

    void threads[0]!.terminate();
    const items = Array.from({ length: 5 }, () => ({ image: photo }));
    const results = (await all(own.detectMany(items))) as { faces?: unknown; error?: Error }[];
    expect(results).toHaveLength(5);
    const want = findFaces(photo, { finder, landmarker });
    for (const { faces, error } of results) {
      if (error) expect(error.message).toMatch(/^A worker of the pool ended/);
      else expect(faces).toEqual(want);
    }
    expect(results.at(-1)!.error).toBeUndefined();
    await own.dispose();
  });
});
