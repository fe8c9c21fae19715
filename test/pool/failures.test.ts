/**
 * The pool of browsers over workers that fail at each step of their life: whatever happens, every promise settles, and what
 * can go on goes on. The workers are stand-ins for a browser's; what they run is not the subject here.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFinderSync } from "../../dist/finder.js";
import { createPool, type Pool } from "../../dist/pool/web.js";

type Message = { readonly crops?: Uint8Array; readonly search?: object };
type Fault = "throws" | "error event" | "message error" | "short answer" | "strange answer";

/** What goes wrong: the step of a life, of the workers from `first` to `last`, in the order of their starts. */
let plan: { step: "construct" | "start" | "work" | "stop"; fault: Fault; first: number; last: number }[];
let workers: StandIn[];
/** Runs as soon as an answer has come, before whoever awaits it. */
let afterAnswer: (() => void) | undefined;

const FACE = Float32Array.of(0.3, 0.35, 0.7, 0.35, 0.5, 0.55, 0.35, 0.75, 0.65, 0.75);

class StandIn {
  onmessage?: (event: { data: unknown }) => void;
  onerror?: (event: { message?: string; preventDefault(): void }) => void;
  onmessageerror?: () => void;
  readonly index = workers.push(this) - 1;
  stopped = false;

  constructor() {
    if (this.#fault("construct")) throw new Error("no memory");
  }

  postMessage({ crops, search }: Message): void {
    const fault = this.#fault(crops || search ? "work" : "start");
    if (fault === "throws") throw new Error("can't be cloned");
    const count = crops ? crops.length / 6912 : 0;
    const read = Array.from({ length: count }, () => ({ normalized: FACE, score: 0.5 }));
    const answers: unknown[] = search ? [[BOX]] : read;
    setTimeout(() => {
      if (this.stopped) return;
      if (fault === "error event") this.onerror?.({ message: "out of memory", preventDefault() {} });
      else if (fault === "message error") this.onmessageerror?.();
      else if (fault === "strange answer") this.onmessage?.({ data: undefined });
      else this.onmessage?.({ data: fault === "short answer" ? answers.slice(1) : answers });
      if (crops || search) afterAnswer?.();
    });
  }

  terminate(): void {
    this.stopped = true;
    if (this.#fault("stop")) throw new Error("can't be stopped");
  }

  #fault(step: (typeof plan)[number]["step"]): Fault | undefined {
    const { index } = this;
    return plan.find((each) => each.step === step && each.first <= index && index <= each.last)?.fault;
  }
}

beforeEach(() => {
  plan = [];
  workers = [];
  afterAnswer = undefined;
  vi.stubGlobal("Worker", StandIn);
});
afterEach(() => vi.unstubAllGlobals());

const crop = new Uint8Array(6912);

const finder = createFinderSync({ maxSide: 64 });
const image = { data: crop, width: 48, height: 48, format: "bgr" } as const;
const BOX = { x: 4, y: 4, width: 36, height: 40, score: 0.9 };

/** How promises end: "done", the error's message, or that one hasn't ended in a second. */
const ends = (promises: Promise<unknown>[]): Promise<string[]> =>
  Promise.all(
    promises.map((promise) => {
      const end = promise.then(
        () => "done",
        (error: Error) => error.message,
      );
      return Promise.race([end, new Promise<string>((late) => setTimeout(() => late("pending"), 1000))]);
    }),
  );
const calls = (pool: Pool, count = 3) => Array.from({ length: count }, () => pool.run(crop));

describe.each(["construct", "start"] as const)("a worker that fails to %s", (step) => {
  const faults: Fault[] = step === "construct" ? ["throws"] : ["throws", "error event", "message error"];

  it.each(faults)("(%s) rejects createPool, and the others are stopped", async (fault) => {
    plan = [{ step, fault, first: 1, last: 1 }];
    const [end] = await ends([createPool({ size: 3 })]);
    expect(end).toMatch(/^A worker of the pool couldn't start: ./);
    expect(workers.filter(({ index, stopped }) => !stopped && index !== 1)).toEqual([]);
  });

  it.each(faults)("(%s) in the place of a pool's only one ends the pool", async (fault) => {
    const pool = await createPool({ size: 1 });
    plan = [
      { step: "work", fault: "error event", first: 0, last: 0 },
      { step, fault, first: 1, last: 99 },
    ];
    const pending = calls(pool, 40);
    const ready = pool.ready();
    expect(new Set(await ends(pending))).toEqual(
      new Set([
        "A worker of the pool ended: out of memory",
        expect.stringMatching(/^A worker of the pool couldn't start: ./),
      ]),
    );
    const later = [pool.run(crop), pool.detectAll(image, [])];
    for (const end of await ends(later)) expect(end).toMatch(/^A worker of the pool couldn't start: ./);
    expect(await ends([ready, pool.ready(), pool.dispose()])).toEqual(["done", "done", "done"]);
    expect(workers).toHaveLength(2);
  });

  it.each(faults)("(%s) in the place of one of two leaves the work to the other", async (fault) => {
    const pool = await createPool({ size: 2 });
    plan = [
      { step: "work", fault: "error event", first: 0, last: 0 },
      { step, fault, first: 2, last: 99 },
    ];
    expect((await ends(calls(pool, 2))).sort()).toEqual([
      "A worker of the pool ended: out of memory",
      "done",
    ]);
    expect(await ends(calls(pool, 40))).toEqual(Array(40).fill("done"));
    expect(await ends([pool.dispose()])).toEqual(["done"]);
  });
});

describe("a worker that fails at its work", () => {
  it.each<[Fault, RegExp]>([
    ["throws", /^A worker of the pool ended: can't be cloned$/],
    ["error event", /^A worker of the pool ended: out of memory$/],
    ["message error", /^A worker of the pool ended: its answer couldn't be read$/],
    ["strange answer", /^A worker of the pool ended: ./],
    ["short answer", /./],
  ])("(%s) rejects what it was at; another one takes its place", async (fault, message) => {
    const pool = await createPool({ size: 1 });
    plan = [{ step: "work", fault, first: 0, last: 0 }];
    const [end] = await ends([pool.run(crop)]);
    expect(end).toMatch(message);
    expect(end).not.toBe("pending");
    plan = [];
    expect(await ends(calls(pool, 40))).toEqual(Array(40).fill("done"));
    expect(await ends([pool.dispose()])).toEqual(["done"]);
  });

  it("again and again rejects each call, and no more", async () => {
    const pool = await createPool({ size: 1 });
    plan = [{ step: "work", fault: "throws", first: 0, last: 99 }];
    for (let i = 0; i < 5; i++)
      expect(await ends([pool.run(crop)])).toEqual([expect.stringMatching(/cloned/)]);
    expect(workers).toHaveLength(6);
    expect(workers.filter(({ stopped }) => !stopped)).toHaveLength(1);
  });
});

describe("a worker that fails at an image", () => {
  const faults = ["throws", "error event", "message error", "strange answer"] as const;
  it.each(faults)("(%s) rejects what it was at; another one takes its place", async (fault) => {
    const pool = await createPool({ size: 1, finder });
    for (const call of ["find", "findFaces"] as const) {
      plan = [{ step: "work", fault, first: 0, last: 99 }];
      expect(await ends([pool[call](image)])).toEqual([
        expect.stringMatching(/^A worker of the pool ended: ./),
      ]);
      plan = [];
      expect(await ends([pool.find(image), pool.findFaces(image), pool.run(crop)])).toEqual(
        Array(3).fill("done"),
      );
    }
    expect(workers).toHaveLength(3);
    expect(await ends([pool.dispose()])).toEqual(["done"]);
  });

  it("in the place of a pool's only one ends the pool, and what waits", async () => {
    const pool = await createPool({ size: 1, finder });
    plan = [
      { step: "work", fault: "error event", first: 0, last: 0 },
      { step: "start", fault: "error event", first: 1, last: 99 },
    ];
    const pending = [pool.find(image), pool.find(image), pool.findFaces(image), pool.ready()];
    const cannotStart = expect.stringMatching(/^A worker of the pool couldn't start: ./);
    expect(await ends(pending)).toEqual([
      "A worker of the pool ended: out of memory",
      cannotStart,
      cannotStart,
      "done",
    ]);
    expect(await ends([pool.find(image), pool.findFaces(image)])).toEqual([cannotStart, cannotStart]);
  });
});

it.each<[string, (pool: Pool) => Promise<unknown>]>([
  ["two readings of a face", (pool) => pool.detect(image, undefined, { refine: true })],
  ["finding faces and reading them", (pool) => pool.findFaces(image)],
])("a pool that ends between %s rejects its call", async (_, call) => {
  const pool = await createPool({ size: 1, finder });
  afterAnswer = () => void pool.dispose();
  const [end] = await ends([call(pool)]);
  expect(end).toMatch(/disposed/);
});

describe("a worker that can't be stopped", () => {
  it("lets dispose stop the others, and reject", async () => {
    const pool = await createPool({ size: 3 });
    plan = [{ step: "stop", fault: "throws", first: 0, last: 0 }];
    const pending = calls(pool);
    expect(await ends([pool.dispose()])).toEqual(["can't be stopped"]);
    expect(workers.map(({ stopped }) => stopped)).toEqual([true, true, true]);
    for (const end of await ends(pending)) expect(end).toMatch(/disposed/);
  });

  it("doesn't keep another one from its place", async () => {
    const pool = await createPool({ size: 1 });
    plan = [
      { step: "work", fault: "error event", first: 0, last: 0 },
      { step: "stop", fault: "throws", first: 0, last: 0 },
    ];
    expect(await ends([pool.run(crop)])).toEqual(["A worker of the pool ended: out of memory"]);
    expect(await ends(calls(pool))).toEqual(["done", "done", "done"]);
  });

  it("doesn't hide why createPool failed", async () => {
    plan = [
      { step: "start", fault: "error event", first: 1, last: 1 },
      { step: "stop", fault: "throws", first: 0, last: 0 },
    ];
    const [end] = await ends([createPool({ size: 2 })]);
    expect(end).toBe("A worker of the pool couldn't start: out of memory");
  });
});

it.each([
  ["a navigator that doesn't tell", {}],
  ["no navigator", undefined],
])("%s gives two workers", async (_, navigator) => {
  vi.stubGlobal("navigator", navigator);
  const pool = await createPool();
  expect(pool.size).toBe(2);
  expect(workers).toHaveLength(2);
});

it("without workers createPool says so", async () => {
  vi.stubGlobal("Worker", undefined);
  expect(await ends([createPool()])).toEqual([
    "There are no workers here: use createLandmarker from fivepoint.",
  ]);
});
