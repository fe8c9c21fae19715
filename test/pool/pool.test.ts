/** The pool in Node's threads: the answers are a Landmarker's, and whatever ends a worker ends no more than it must. */
import diagnostics from "node:diagnostics_channel";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { type Box, createLandmarkerSync, type DetectOptions, type ImageLike, WeightsError } from "fivepoint";
import { createPool, type Pool, type PoolOptions } from "fivepoint/pool";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { command } from "../cli/support.ts";
import { random, randomCrops } from "../support/random.ts";
import { changedWeights } from "../support/weights.ts";

const next = random(12);
const image: ImageLike = {
  data: Uint8Array.from({ length: 412 * 240 }, () => 256 * next()),
  width: 100,
  height: 240,
  stride: 412,
};
const boxes = Array.from(
  { length: 75 },
  (): Box => ({
    x: 80 * next() - 10,
    y: 200 * next() - 10,
    width: 20 + 90 * next(),
    height: 20 + 90 * next(),
  }),
);
const box = boxes[0]!;

const detached = new Uint8Array(4 * 100 * 240);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

/** The threads that were started since the test began. */
let threads: Worker[] = [];
let onThread: ((worker: Worker) => void) | undefined;
const watch = (message: unknown) => {
  const { worker } = message as { worker: Worker };
  threads.push(worker);
  onThread?.(worker);
};
beforeAll(() => diagnostics.subscribe("worker_threads", watch));
afterAll(() => {
  diagnostics.unsubscribe("worker_threads", watch);
});
afterEach(() => {
  threads = [];
  onThread = undefined;
});

/** What a promise is rejected with. */
const reason = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("not rejected"),
    (error) => error as Error,
  );

describe("answers", () => {
  const landmarker = createLandmarkerSync();
  let pool: Pool;
  beforeAll(async () => {
    pool = await createPool({ size: 2 });
  });
  afterAll(() => pool.dispose());

  it.each<[string, DetectOptions | undefined]>([
    ["as it is", undefined],
    ["enlarged", { expand: 1.3 }],
    ["read again", { refine: 3 }],
  ])("are a landmarker's to the last bit, %s", async (_, options) => {
    const want = landmarker.detectAll(image, boxes, options);
    expect(await pool.detectAll(image, boxes, options)).toEqual(want);
    expect(await Promise.all(boxes.map((box) => pool.detect(image, box, options)))).toEqual(want);
  });

  it("are the same for pictures without a box, of every format, and none at all", async () => {
    for (const format of ["rgb", "bgr", "bgra", "gray"] as const) {
      expect(await pool.detect({ ...image, format })).toEqual(landmarker.detect({ ...image, format }));
    }
    expect(await pool.detectAll(image, [])).toEqual([]);
  });

  it("are the same for ready crops, in any number", async () => {
    const crops = randomCrops(70, 3);
    for (const count of [0, 1, 2, 16, 17, 70]) {
      const some = crops.subarray(0, count * 6912);
      expect(await pool.run(some, count)).toEqual(landmarker.run(some, count));
    }
  });

  it("are the same in int8 and with other weights and modules", async () => {
    const module = await WebAssembly.compile(readFileSync("dist/model.wasm"));
    const options: PoolOptions = {
      precision: "int8",
      module,
      weights: readFileSync("dist/weights.safetensors"),
    };
    const one = createLandmarkerSync(options);
    const other = await createPool({ ...options, size: 1 });
    expect(other.info).toEqual(one.info);
    expect(other.info).toMatchObject({ precision: "int8", simd: "baseline" });
    expect(await other.detectAll(image, boxes)).toEqual(one.detectAll(image, boxes));
    await other.dispose();
  });

  it("go to their own call, whatever else is asked for meanwhile", async () => {
    const calls = boxes.map((box, i) => [box, { refine: i % 3, expand: 1 + (i % 4) / 8 }] as const);
    const results = await Promise.all(
      calls.map(async ([box, options], i) => {
        if (i % 5 === 0) await pool.run(randomCrops(1, i));
        return pool.detect(image, box, options);
      }),
    );
    expect(results).toEqual(calls.map(([box, options]) => landmarker.detect(image, box, options)));
  });

  it("don't change when the image does after the call, and the image stays the caller's", async () => {
    const data = image.data.slice();
    const crops = randomCrops(1, 8);
    const want = [landmarker.detect(image, box).normalized, landmarker.run(crops)];
    const answers = [pool.detect({ ...image, data }, box), pool.run(crops)] as const;
    data.fill(0);
    crops.fill(0);
    expect([(await answers[0]).normalized, await answers[1]]).toEqual(want);
    expect(data.length).toBe(image.data.length);
    expect(crops.length).toBe(6912);
  });

  it("are told apart by threads that share the work", async () => {
    const own = await createPool({ size: 3 });
    const seen = new Set<Worker>();
    for (const thread of threads.slice(-3)) thread.on("message", () => seen.add(thread));
    await own.detectAll(image, boxes.slice(0, 3));
    expect(seen.size).toBe(3);
    await own.dispose();
  });

  it.each<[string, (target: typeof landmarker | Pool) => unknown]>([
    ["no image", (target) => target.detect(null as never)],
    ["detached pixels", (target) => target.detect({ ...image, data: detached })],
    ["a stride too small", (target) => target.detect({ ...image, stride: 399 })],
    ["a box of NaN", (target) => target.detect(image, { ...box, x: Number.NaN })],
    ["a box beside the image", (target) => target.detect(image, { ...box, x: 1e9 })],
    ["an unknown option", (target) => target.detect(image, box, { grow: 2 } as never)],
    ["an expansion of 0", (target) => target.detect(image, box, { expand: 0 })],
    ["boxes that are none", (target) => target.detectAll(image, box as never)],
    ["a bad box among others", (target) => target.detectAll(image, [box, {} as never])],
    ["half a crop", (target) => target.run(new Uint8Array(3456))],
    ["a negative count", (target) => target.run(new Uint8Array(6912), -1)],
  ])("refuses %s as a landmarker does, and that call alone", async (_, call) => {
    let error: unknown;
    try {
      call(landmarker);
    } catch (thrown) {
      error = thrown;
    }
    const before = pool.detect(image, box);
    const refused = await reason(call(pool) as Promise<unknown>);
    expect(refused).toEqual(error);
    expect(refused.constructor).toBe((error as Error).constructor);
    expect([await before, await pool.detect(image, box)]).toEqual(
      Array(2).fill(landmarker.detect(image, box)),
    );
  });
});

describe("createPool", () => {
  it.each<[string, unknown, new (message?: string) => Error, RegExp]>([
    ["a size of 0", { size: 0 }, RangeError, /options\.size.*0/],
    ["half a worker", { size: 1.5 }, RangeError, /options\.size.*1\.5/],
    ["a size of words", { size: "all" }, RangeError, /options\.size.*"all"/],
    ["a vast size", { size: 1e9 }, RangeError, /1 to 256/],
    ["an unknown option", { workers: 2 }, TypeError, /size, weights.*"workers"/],
    ["options that are none", null, TypeError, /options.*null/],
    ["an unknown precision", { precision: "f16" }, TypeError, /options\.precision/],
    ["an unknown tier", { simd: "avx" }, TypeError, /options\.simd/],
    ["a module that is none", { module: {} }, TypeError, /options\.module/],
    ["cut weights", { weights: new Uint8Array(9) }, WeightsError, /weights file/],
  ])("refuses %s before a worker starts", async (_, options, type, message) => {
    const error = await reason(createPool(options as PoolOptions));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
    expect(threads).toEqual([]);
  });

  it("is rejected when a worker can't start, and leaves none behind", async () => {
    onThread = (worker) => {
      if (threads.length === 2) void worker.terminate();
    };
    const error = await reason(createPool({ size: 3 }));
    expect(error.message).toMatch(/^A worker of the pool couldn't start: exit status/);
    expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1, -1]); // Node's sign of a thread that has gone
  });
});

describe("workers that end", () => {
  it.each<[string, (thread: Worker) => unknown, RegExp]>([
    ["from outside", (thread) => thread.terminate(), /exit status/],
    ["by an exception", (thread) => thread.postMessage({ crops: 7 }), /image\.data.*received 7/],
  ])("%s reject what they were at; others take their place and go on", async (_, end, message) => {
    const pool = await createPool({ size: 2 });
    void end(threads[0]!);
    const calls = boxes.slice(0, 40).map((box) => pool.detect(image, box)); // 16 at once for each thread
    const results = await Promise.allSettled(calls);
    const lost = results.filter(({ status }) => status === "rejected");
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThanOrEqual(16);
    for (const { reason } of lost as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(Error);
      expect(reason.message).toMatch(/^A worker of the pool ended: /);
      expect(reason.message).toMatch(message);
    }
    expect(threads).toHaveLength(3);
    expect(await pool.detectAll(image, boxes)).toEqual(createLandmarkerSync().detectAll(image, boxes));
    await pool.dispose();
  });

  it("end the pool when none is left that can start", async () => {
    const pool = await createPool({ size: 1 });
    onThread = (worker) => void worker.terminate();
    const busy = pool.detect(image, box);
    await Promise.resolve();
    void threads[0]!.terminate();
    expect((await reason(busy)).message).toMatch(/exit status/);
    expect((await reason(pool.detect(image, box))).message).toMatch(/exit status/);
    await new Promise((done) => setTimeout(done, 50));
    expect(threads).toHaveLength(2); // no third one was tried
    expect((await reason(pool.detect(image, box))).message).toMatch(/exit status/);
    await pool.dispose();
  });
});

it("weights that overflow reject their calls, and end no worker", async () => {
  const file = changedWeights(
    readFileSync("dist/weights.safetensors"),
    /fc3\.weight/,
    (value) => Math.sign(value) * 3e38,
  );
  const pool = await createPool({ size: 1, weights: file });
  for (const call of [
    pool.detect(image, box),
    pool.run(randomCrops(2, 3), 2),
    pool.detectAll(image, boxes),
  ]) {
    const error = await reason(call);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toMatch(/too large: the network overflows/);
  }
  expect(threads).toHaveLength(1);
  await pool.dispose();
});

describe("dispose", () => {
  it("rejects what is pending and what comes later, and ends the threads", async () => {
    const pool = await createPool({ size: 1 });
    const pending = boxes.map((box) => pool.detect(image, box));
    const disposed = pool.dispose();
    for (const call of pending) expect((await reason(call)).message).toMatch(/disposed/);
    await disposed;
    expect(threads.map(({ threadId }) => threadId)).toEqual([-1]);
    for (const call of [pool.detect(image), pool.detectAll(image, []), pool.run(new Uint8Array(6912))])
      expect((await reason(call)).message).toMatch(/disposed/);
    await pool.ready();
    await pool[Symbol.asyncDispose]();
  });
});

describe("ready", () => {
  it("waits until little is left to do; beyond a bound calls are refused", async () => {
    const pool = await createPool({ size: 1 });
    await pool.ready();
    const many = pool.run(new Uint8Array(16_500 * 6912), 16_500).catch(() => "disposed");
    await new Promise(setImmediate);
    const refused = await reason(pool.detect(image, box));
    expect(refused).toBeInstanceOf(RangeError);
    expect(refused.message).toMatch(
      /fewer than 16384 faces to be waiting, but 16\d\d\d are: await ready\(\)/,
    );
    let isReady = false;
    const ready = pool.ready().then(() => {
      isReady = true;
    });
    await new Promise((done) => setTimeout(done, 20));
    expect(isReady).toBe(false);
    await ready;
    expect(await pool.detect(image, box)).toEqual(createLandmarkerSync().detect(image, box));
    expect(await many).toHaveLength(165_000);
    await pool.dispose();
  }, 60_000);
});

const machineNode = (process.env.PATH ?? "")
  .split(":")
  .filter((folder) => !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .find((path) => existsSync(path));

describe.each([
  ["the pinned Node", process.execPath],
  ["the machine's own Node", machineNode],
])("a program on %s", (_, node) => {
  const run = (name: string, code: string, ...options: string[]) => {
    mkdirSync("build", { recursive: true });
    const file = `build/pool-${name}.mjs`; // inside the package, so that it finds it by name
    const start = `import { createPool } from "fivepoint/pool"; const crop = new Uint8Array(6912).fill(99); const pool = await createPool({ size: 2 });`;
    writeFileSync(file, start + code);
    return command(node!, [...options, file]);
  };

  it.skipIf(!node)("ends by itself once it has its answers", async () => {
    const result = await run("ends", "pool.run(crop).then(({ length }) => console.log(length));");
    expect(result).toEqual({ status: 0, stdout: "10\n", stderr: "" });
  });

  // Its flag had another name before Node 23.
  it.skipIf(node !== process.execPath)("learns why, where threads are forbidden", async () => {
    const result = await run("forbidden", "", "--permission", "--allow-fs-read=*");
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/Error: A worker of the pool couldn't start: .*permission/i);
  });

  it.skipIf(!node)("keeps its options from the workers", async () => {
    const result = await run(
      "options",
      "console.log((await pool.run(crop)).length);",
      "--import",
      "data:text/javascript,",
    );
    expect(result).toEqual({ status: 0, stdout: "10\n", stderr: "" });
  });
});
