/**
 * The bulk example in workerd with Miniflare's R2 and Queues: 1,000 photos, with injected failures and redeliveries.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Box } from "fivepoint";
import schema from "fivepoint/result.schema.json" with { type: "json" };
import type { Miniflare, ModuleDefinition } from "miniflare";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildWorker, installExample } from "../support/examples.ts";
import { bundledModules, startWorker } from "../support/miniflare.ts";

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
    put: (...given) => env.PHOTOS.put(...given),
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
/** The copy of the example that is installed, the Worker that it bundles, and a folder for results. */
let folder: string;
let dist: string;
let scratch: string;
const key = (i: number) => `photos/${String(i).padStart(4, "0")}.jpg`;
const isPoison = (i: number) => i % 250 === 17;
const TOO_LARGE = 267;
const BAD_BOXES = 517;
const NO_FACE = 300;
const BOXED = 301;

const blank = async () =>
  new Uint8Array(
    await sharp({ create: { width: 96, height: 96, channels: 3, background: "#684" } })
      .jpeg()
      .toBuffer(),
  );

const start = (modules: ModuleDefinition[]) =>
  startWorker(modules, {
    modulesRoot: dist,
    bindings: { TOKEN, MAX_FILE_BYTES: "500000", MAX_DECODE_BYTES: "48000000", MAX_ATTEMPTS: "4" },
    r2Buckets: ["PHOTOS", "RESULTS"],
    queueProducers: { QUEUE: "bulk", DEAD: "bulk-dead" },
    queueConsumers: {
      bulk: { maxBatchSize: 25, maxBatchTimeout: 0.05, maxRetries: 4, deadLetterQueue: "bulk-dead" },
      "bulk-dead": { maxBatchSize: 100, maxBatchTimeout: 0.05 },
    },
  });

beforeAll(async () => {
  folder = installExample("bulk", ["cloudflare-worker"]);
  dist = buildWorker(folder);
  scratch = await mkdtemp(join(tmpdir(), "fivepoint-bulk-"));
  const chaos: ModuleDefinition = { type: "ESModule", path: `${dist}/chaos.js`, contents: CHAOS };
  worker = start([chaos, ...bundledModules(dist)]);
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
    if (i === NO_FACE) await bucket.put(key(i), await blank());
    else if (i === BOXED) {
      const customMetadata = { boxes: "[[10, 20, 60, 60], [30, 20, 50, 50]]" };
      await bucket.put(key(i), new Uint8Array(variants[0]!), { customMetadata });
    } else if (i === TOO_LARGE) await bucket.put(key(i), new Uint8Array(600_000));
    else if (i === BAD_BOXES) {
      const customMetadata = { boxes: "[[1, 2, 3]]" };
      await bucket.put(key(i), new Uint8Array(variants[0]!), { customMetadata });
    } else await bucket.put(key(i), new Uint8Array(bytes));
  }
}, 600_000);
afterAll(async () => {
  await worker?.dispose();
  if (scratch) await rm(scratch, { recursive: true });
});

const bulk = async (...args: string[]) => {
  // What a test gives counts before these.
  const command = ["bulk.mjs", args[0]!, "--url", url, "--token", TOKEN, ...args.slice(1)];
  return promisify(execFile)(process.execPath, command, { cwd: folder, env: { ...process.env, TOKEN: "" } });
};
const read = async (name: string) => (await (await worker.getR2Bucket("RESULTS")).get(name))!.text();

interface Line {
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly faces: {
    readonly box: Box;
    readonly points: readonly [number, number][];
    readonly score: number;
  }[];
}

const sides = ({ box: { x, y, width, height } }: { readonly box: Box }) => [x, y, width, height];

/** The records in a folder that results were fetched to. */
async function readLines(folder: string): Promise<Line[]> {
  const parts = (await readdir(folder)).filter((name) => name.endsWith(".ndjson"));
  const texts = await Promise.all(parts.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => text.trimEnd().split("\n")).map((line) => JSON.parse(line));
}

describe("bulk", () => {
  it("has every photo exactly once in the results, and the poison with its reason", async () => {
    const { stdout, stderr } = await bulk("run", "spring", "--prefix", "photos/", "--poll", "0.2");
    expect(stderr).toContain("photos");
    expect(stderr).not.toMatch(/NF|NULL|NaN|undefined/);
    expect(stderr).toContain("4 of 1000 photos could not be read");
    const manifest = JSON.parse(stdout);
    const poison = Array.from({ length: PHOTOS }, (_, i) => i).filter(isPoison);
    expect(manifest.photos).toBe(PHOTOS - poison.length);
    expect(JSON.parse(await read("spring/results/manifest.json"))).toEqual(manifest);
    const to = join(scratch, "spring");
    await bulk("fetch", "spring", "--to", to);
    const lines = await readLines(to);
    const want = Array.from({ length: PHOTOS }, (_, i) => i)
      .filter((i) => !isPoison(i))
      .map(key);
    expect(lines.map((line) => line.key).sort()).toEqual(want);
    const isFace = new Ajv2020().addSchema(schema).compile({ $ref: `${schema.$id}#/$defs/face` });
    for (const { key: name, width, height, faces } of lines) {
      for (const face of faces) expect(isFace(face) ? [] : isFace.errors).toEqual([]);
      expect([width, height]).toEqual([96, 96]);
      if (name === key(NO_FACE)) {
        expect(faces).toEqual([]);
        continue;
      }
      expect(faces).toHaveLength(name === key(BOXED) ? 2 : 1);
      const [leftEye, rightEye, , leftMouth] = faces[0]!.points;
      expect(leftEye![0]).toBeLessThan(rightEye![0]);
      expect(leftEye![1]).toBeLessThan(leftMouth![1]);
    }
    const boxed = lines.find((line) => line.key === key(BOXED))!;
    expect(boxed.faces.map(sides)).toEqual([
      [10, 20, 60, 60],
      [30, 20, 50, 50],
    ]);
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

  it("has a manifest of one line for each of sixteen shards, however many parts there are", async () => {
    const { shards, photos } = JSON.parse(await read("spring/results/manifest.json"));
    expect(shards.map(({ shard }: { shard: string }) => shard).join("")).toBe("0123456789abcdef");
    expect(shards.reduce((sum: number, shard: { photos: number }) => sum + shard.photos, 0)).toBe(photos);
    const { objects } = await (await worker.getR2Bucket("RESULTS")).list({ prefix: "spring/results/part-" });
    const names = shards.flatMap(({ shard, parts }: { shard: string; parts: number }) =>
      Array.from({ length: parts }, (_, i) => `spring/results/part-${shard}-00000${i}.ndjson`),
    );
    expect(objects.map((object) => object.key)).toEqual(names);
  });

  it("fetches what isn't there yet, and overwrites nothing", async () => {
    const to = join(scratch, "spring");
    const files = await readdir(to);
    const part = join(to, files.find((name) => name.startsWith("part-"))!);
    const [whole, { mtimeMs }] = [await readFile(part), await stat(join(to, "manifest.json"))];
    await rm(part);
    await bulk("fetch", "spring", "--to", to);
    expect(await readFile(part)).toEqual(whole);
    expect((await stat(join(to, "manifest.json"))).mtimeMs).toBe(mtimeMs);
    expect(await readdir(to)).toEqual(files);
    await writeFile(part, "of somebody else");
    await expect(bulk("fetch", "spring", "--to", to)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${part} is there already, with other content`),
    });
    expect(await readFile(part, "utf8")).toBe("of somebody else");
  }, 60_000);

  it("stores photos with their boxes, and reads them found, boxed or whole", async () => {
    const photo = sharp("examples/astronaut.jpg");
    const at = (name: string) => join(scratch, name);
    await photo.clone().toFile(at("found.jpg"));
    await photo.clone().png().toFile(at("boxed.png"));
    await writeFile(at("blank.jpg"), await blank());
    await writeFile(
      at("boxes.csv"),
      "file,x,y,width,height\nelsewhere/boxed.png,140,67,106,112\nother.jpg,1,2,3,4\n",
    );
    await bulk(
      "put",
      ...["--prefix", "few ä/", "--boxes", at("boxes.csv")],
      ...[at("found.jpg"), at("boxed.png"), at("blank.jpg")],
    );
    const boxes = async (job: string, ...options: string[]) => {
      await bulk("run", job, "--prefix", "few ä/", "--poll", "0.2", ...options);
      await bulk("fetch", job, "--to", at(job));
      const lines = await readLines(at(job));
      return Object.fromEntries(lines.map(({ key, faces }) => [key.slice(6), faces.map(sides)]));
    };
    const found = await boxes("found");
    expect(found).toMatchObject({ "boxed.png": [[140, 67, 106, 112]], "blank.jpg": [] });
    const [[x, y, side]] = found["found.jpg"] as [[number, number, number]];
    expect(found["found.jpg"]).toHaveLength(1);
    for (const [near, want] of [
      [x + side / 2, 140 + 53],
      [y + side / 2, 67 + 56],
    ])
      expect(Math.abs(near! - want!)).toBeLessThan(25);
    expect(await boxes("whole", "--whole")).toEqual({
      "boxed.png": [[140, 67, 106, 112]],
      "blank.jpg": [[0, 0, 96, 96]],
      "found.jpg": [[0, 0, 384, 384]],
    });
  }, 120_000);

  it("says that R2 keeps no so many boxes", async () => {
    const list = join(scratch, "many.csv");
    await writeFile(list, `file,x,y,width,height\n${"found.jpg,1000,1000,1000,1000\n".repeat(500)}`);
    await expect(bulk("put", "--boxes", list, join(scratch, "found.jpg"))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error: .*HTTP 413 .*8000 bytes/),
    });
  });

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
      /409 .*begun with the prefix .*photos\//,
      ["run", "spring", "--prefix", "none/"],
    ],
    ["another way to read a job", 1, /409 .*begun with the whole false/, ["run", "spring", "--whole"]],
    ["no results yet", 1, /^error: The job has no results yet/m, ["fetch", "winter", "--to", "nowhere"]],
    ["a photo that isn't there", 1, /^error: .*no\.jpg/m, ["put", "no.jpg"]],
    [
      "a list of boxes that is none",
      1,
      /^error: \.npmrc: expected the columns file/m,
      ["put", "--boxes", ".npmrc", "no.jpg"],
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

  it("has right types", () => {
    expect(execFileSync("npm", ["run", "--silent", "typecheck"], { cwd: folder, encoding: "utf8" })).toBe("");
  });

  it("does what README says to try", async () => {
    const readme = await readFile("examples/bulk/README.md", "utf8");
    const [commands] = /(?<=^export TOKEN=local.*\n)(?:.+\n)+(?=```)/m.exec(readme)!;
    const calm = start(bundledModules(dist));
    const place = join(folder, "photos");
    try {
      await mkdir(place);
      for (const name of ["a", "b"]) await sharp("examples/astronaut.jpg").toFile(join(place, `${name}.jpg`));
      const script = commands.replaceAll("http://localhost:8787", String(await calm.ready));
      const env = { ...process.env, TOKEN };
      const { stdout } = await promisify(execFile)("bash", ["-e", "-c", script], { cwd: folder, env });
      const [manifest, ...lines] = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(manifest).toMatchObject({ job: "spring", photos: 2 });
      expect(lines.map(({ key }) => key).sort()).toEqual(["photos/a.jpg", "photos/b.jpg"]);
      for (const { faces } of lines) expect(faces).toHaveLength(1);
    } finally {
      await calm.dispose();
    }
  }, 60_000);

  it("asks again when a connection breaks", async () => {
    let broken = 0;
    const flaky = createServer(async (request, response) => {
      if (++broken < 3) return request.socket.destroy();
      const { status, body } = await fetch(new URL(request.url!, url), {
        headers: { authorization: request.headers.authorization! },
      });
      response.writeHead(status).end(await new Response(body).text());
    });
    await new Promise<void>((listening) => flaky.listen(0, "127.0.0.1", listening));
    const { port } = flaky.address() as AddressInfo;
    try {
      const { stdout } = await bulk("status", "spring", "--url", `http://127.0.0.1:${port}`);
      expect(JSON.parse(stdout)).toEqual({ records: PHOTOS - 4, dead: 4 });
      expect(broken).toBeGreaterThan(2);
    } finally {
      flaky.close();
    }
  });

  it("refuses a wrong token", async () => {
    const response = await worker.dispatchFetch("http://localhost/jobs/spring/count", {
      headers: { authorization: "Bearer wrong" },
    });
    expect(response.status).toBe(401);
  });
});
