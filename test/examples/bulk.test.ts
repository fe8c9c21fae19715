/**
 * The bulk example in workerd with Miniflare's R2 and Queues: 1,000 photos, with injected failures and redeliveries.
 */
import { execFile, execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { promisify } from "node:util";
import type { Miniflare } from "miniflare";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundledModules, startWorker } from "../support/miniflare.ts";

const EXAMPLE = "examples/bulk";
const DIST = `${EXAMPLE}/dist`;
const TOKEN = "bulk-test";
const PHOTOS = 1000;
const DISTINCT = 40;

// Around the bundled Worker: every fifth photo can't be read on the first try, every seventh is delivered once more
// after it was done, every eleventh batch breaks off.
const CHAOS = `
import worker from "./index.js";
const number = (key) => Number(/\\d+/.exec(key)?.[0] ?? 0);
const failed = new Set(), repeated = new Set();
let batches = 0;
const wrap = (env) => ({
  ...env,
  PHOTOS: {
    list: (options) => env.PHOTOS.list(options),
    get: async (key) => {
      if (number(key) % 5 === 0 && !failed.has(key)) {
        failed.add(key);
        throw new Error("injected: the bucket is away");
      }
      return env.PHOTOS.get(key);
    },
  },
});
export default {
  fetch: (request, env, context) => {
    if (new URL(request.url).pathname === "/chaos") return Response.json({ failed: failed.size, repeated: repeated.size, batches });
    return worker.fetch(request, wrap(env), context);
  },
  async queue(batch, env) {
    batches++;
    const messages = batch.messages.map((message) => ({
      body: message.body,
      attempts: message.attempts,
      retry: (options) => message.retry({ ...options, delaySeconds: 0 }),
      ack: () => {
        const { key } = message.body;
        if (number(key) % 7 === 0 && !repeated.has(key)) {
          repeated.add(key);
          message.retry({ delaySeconds: 0 });
        } else message.ack();
      },
    }));
    await worker.queue({ queue: batch.queue, messages, ackAll: () => batch.ackAll() }, wrap(env));
    if (batches % 11 === 0) throw new Error("injected: the isolate is gone");
  },
};
`;

let worker: Miniflare;
let url: string;
const key = (i: number) => `photos/${String(i).padStart(4, "0")}.jpg`;
const isPoison = (i: number) => i % 250 === 17;
const TOO_LARGE = 267;
const BAD_BOXES = 517;

beforeAll(async () => {
  const npm = (...args: string[]) => execFileSync("npm", args, { cwd: EXAMPLE, stdio: "pipe" });
  npm("ci", "--ignore-scripts", "--no-audit", "--no-fund"); // packs the package and the Worker example anew
  rmSync(DIST, { recursive: true, force: true }); // wrangler leaves modules of earlier builds there
  npm("run", "build");
  const modules = bundledModules(DIST);
  worker = startWorker([{ type: "ESModule", path: `${DIST}/chaos.js`, contents: CHAOS }, ...modules], {
    modulesRoot: DIST,
    bindings: { TOKEN, MAX_FILE_BYTES: "500000", MAX_DECODE_BYTES: "48000000", MAX_ATTEMPTS: "4" },
    r2Buckets: ["PHOTOS", "RESULTS"],
    queueProducers: { QUEUE: "bulk", DEAD: "bulk-dead" },
    queueConsumers: {
      bulk: { maxBatchSize: 25, maxBatchTimeout: 0.05, maxRetries: 4, deadLetterQueue: "bulk-dead" },
      "bulk-dead": { maxBatchSize: 100, maxBatchTimeout: 0.05 },
    },
  });
  url = String(await worker.ready);
  const bucket = await worker.getR2Bucket("PHOTOS");
  const variants = await Promise.all(
    Array.from({ length: DISTINCT }, (_, i) =>
      sharp("examples/astronaut.jpg")
        .extract({ left: 90 + i, top: 50, width: 170, height: 170 })
        .resize(96, 96)
        .jpeg()
        .toBuffer(),
    ),
  );
  for (let i = 0; i < PHOTOS; i++) {
    const bytes = isPoison(i) ? variants[0]!.subarray(0, 300 + i) : variants[i % DISTINCT]!;
    if (i === TOO_LARGE) await bucket.put(key(i), new Uint8Array(600_000));
    else if (i === BAD_BOXES) {
      const customMetadata = { boxes: "[[1, 2, 3]]" };
      await bucket.put(key(i), new Uint8Array(variants[0]!), { customMetadata });
    } else await bucket.put(key(i), new Uint8Array(bytes));
  }
}, 600_000);
afterAll(() => worker?.dispose());

const bulk = async (...args: string[]) => {
  // What a test gives counts before these.
  const command = ["bulk.mjs", args[0]!, "--url", url, "--token", TOKEN, ...args.slice(1)];
  return promisify(execFile)(process.execPath, command, { cwd: EXAMPLE, env: { ...process.env, TOKEN: "" } });
};
const read = async (name: string) => (await (await worker.getR2Bucket("RESULTS")).get(name))!.text();

describe("bulk", () => {
  it("has every photo exactly once in the results, and the poison with its reason", async () => {
    const { stdout, stderr } = await bulk("run", "spring", "--prefix", "photos/", "--poll", "0.2");
    expect(stderr).toContain("photos");
    expect(stderr).not.toMatch(/NF|NULL|NaN|undefined/);
    expect(stderr).toContain("4 of 1000 photos could not be read");
    const manifest = JSON.parse(stdout) as { photos: number; parts: { name: string; photos: number }[] };
    const poison = Array.from({ length: PHOTOS }, (_, i) => i).filter(isPoison);
    expect(manifest.photos).toBe(PHOTOS - poison.length);
    expect(JSON.parse(await read("spring/results/manifest.json"))).toEqual(manifest);
    const lines: { key: string; faces: { points: Record<string, number[]>; score: number }[] }[] = [];
    for (const { name, photos } of manifest.parts) {
      const part = (await read(name)).trimEnd().split("\n");
      expect(part).toHaveLength(photos);
      lines.push(...part.map((line) => JSON.parse(line)));
    }
    const want = Array.from({ length: PHOTOS }, (_, i) => i)
      .filter((i) => !isPoison(i))
      .map(key);
    expect(lines.map((line) => line.key).sort()).toEqual(want);
    for (const { faces } of lines) {
      const { leftEye, rightEye, leftMouth } = faces[0]!.points;
      expect(leftEye![0]!).toBeLessThan(rightEye![0]!);
      expect(leftEye![1]!).toBeLessThan(leftMouth![1]!);
    }
    const results = await worker.getR2Bucket("RESULTS");
    const { objects } = await results.list({ prefix: "spring/dead/" });
    const dead = await Promise.all(objects.map(async (object) => JSON.parse(await read(object.key))));
    expect(dead.map((entry) => entry.key).sort()).toEqual(poison.map(key));
    const reasons = new Map(dead.map(({ key, reason }) => [key, reason]));
    expect(reasons.get(key(17))).toMatch(/decoded/);
    expect(reasons.get(key(TOO_LARGE))).toMatch(/600000 bytes; at most 500000/);
    expect(reasons.get(key(BAD_BOXES))).toMatch(/boxes\[0\] must be four numbers .* but is \[1,2,3\]/);
    const listed = (await bulk("dead", "spring")).stdout.trimEnd().split("\n");
    expect(listed.map((line) => JSON.parse(line).key).sort()).toEqual(poison.map(key));
    // The failures really happened.
    const chaos = await (await worker.dispatchFetch("http://localhost/chaos")).json();
    expect(chaos).toMatchObject({ failed: PHOTOS / 5 });
    expect((chaos as { repeated: number }).repeated).toBeGreaterThan(130);
  }, 180_000);

  it("can be run again: nothing is sent twice, the results stay", async () => {
    const before = JSON.parse(await read("spring/results/manifest.json"));
    const { stdout } = await bulk("run", "spring", "--prefix", "photos/", "--poll", "0.2");
    expect(JSON.parse(stdout)).toEqual(before);
    expect(JSON.parse((await bulk("status", "spring")).stdout)).toEqual({ records: PHOTOS - 4, dead: 4 });
  }, 60_000);

  it.each<[string, number, RegExp, string[]]>([
    ["no token", 2, /^error: set TOKEN/, ["status", "spring", "--token", ""]],
    ["a wrong token", 1, /^error: The Worker refuses this token/, ["status", "spring", "--token", "x"]],
    [
      "no Worker",
      1,
      /^error: http:\/\/127.0.0.1:1 can't be reached/,
      ["status", "spring", "--url", "http://127.0.0.1:1"],
    ],
    ["an address that is none", 1, /https:\/\//, ["status", "spring", "--url", "localhost:8787"]],
    ["a time that is none", 1, /number of seconds/, ["run", "spring", "--poll", "soon"]],
    [
      "a prefix of no photos",
      1,
      /^error: The bucket has no photo .*"none\/"/m,
      ["run", "autumn", "--prefix", "none/"],
    ],
    [
      "another prefix for a job",
      1,
      /409 .*one of the prefix .*photos\//,
      ["run", "spring", "--prefix", "none/"],
    ],
  ])("says so: %s", async (_, code, message, args) => {
    const failure = await bulk(...args).then(
      () => undefined,
      (error) => error,
    );
    expect(failure).toMatchObject({ code, stderr: expect.stringMatching(message) });
    expect(failure.stderr).not.toMatch(/undefined|\bat /);
  });

  it("goes on with a job without being told its prefix again", async () => {
    const { stdout } = await bulk("run", "spring", "--poll", "0.2");
    expect(JSON.parse(stdout).photos).toBe(PHOTOS - 4);
  });

  it("refuses a wrong token", async () => {
    const response = await worker.dispatchFetch("http://localhost/jobs/spring/count", {
      headers: { authorization: "Bearer wrong" },
    });
    expect(response.status).toBe(401);
  });
});
