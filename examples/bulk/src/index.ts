/**
 * Millions of photos: R2 → Queues → this Worker → NDJSON in R2. The endpoints do one bounded slice per call; bulk.mjs
 * calls them until a job is done.
 *
 *   PUT  /photos/:key         stores a photo, the boxes of its faces in a header (boxes: [[x, y, width, height], …])
 *   POST /jobs/:job/photos    puts the next photos of the job into the queue, {"prefix", "whole"} on the first call
 *   GET  /jobs/:job/count     counts records and dead letters, a page per call (?records=cursor&dead=cursor)
 *   GET  /jobs/:job/dead      the photos that could not be read, with their reasons, a page per call (?cursor=…)
 *   POST /jobs/:job/parts     writes one part of the results from a page of records (?shard=a&index=0&cursor=…);
 *                             shards, by the first digit of the content hash, are independent of each other
 *   POST /jobs/:job/manifest  writes the manifest: how many parts and photos each shard has, {"shards": […]}
 *   GET  /jobs/:job/results   lists the files of the results, a page per call (?cursor=…); /jobs/:job/results/:name is one
 */
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bury, consume } from "./consumer.ts";
import { type Env, type JobState, type Photo, paths } from "./job.ts";

const PAGE = 500; // records per part: a get each, well under a Worker's limit of subrequests
const SEND = 100; // messages that Queues take at once
const AT_ONCE = 6; // connections that a Worker may have open
const METADATA = 8000; // of the 8,192 bytes that R2 keeps with an object, names included

const app = new Hono<{ Bindings: Env }>();

const problem = (code: string, message: string) => ({ error: { code, message } });

app.use("*", async (c, next) => {
  if (!c.env.TOKEN) return c.json(problem("no_token", "Set the secret TOKEN first."), 503);
  return bearerAuth<{ Bindings: Env }>({ token: c.env.TOKEN })(c, next);
});

app.put("/photos/:key{.+}", async (c) => {
  const boxes = c.req.header("boxes");
  if (boxes && boxes.length > METADATA)
    return c.json(problem("too_many_boxes", `R2 keeps ${METADATA} bytes of boxes with a photo.`), 413);
  const stored = await c.env.PHOTOS.put(c.req.param("key"), c.req.raw.body, {
    ...(boxes && { customMetadata: { boxes } }),
  });
  return c.json({ key: stored!.key, size: stored!.size });
});

app.post("/jobs/:job/photos", async (c) => {
  const job = c.req.param("job");
  const stored = await c.env.RESULTS.get(paths.state(job));
  const asked = await c.req.json<{ prefix?: string; whole?: boolean }>();
  let state = (await stored?.json<JobState>()) ?? {
    prefix: asked.prefix ?? "",
    whole: asked.whole ?? false,
    cursor: "",
    enqueued: 0,
  };
  for (const name of ["prefix", "whole"] as const) {
    if (asked[name] === undefined || asked[name] === state[name]) continue;
    const [had, wanted] = [state[name], asked[name]].map((value) => JSON.stringify(value));
    const message = `The job ${job} was begun with the ${name} ${had}: begin another one with ${wanted}.`;
    return c.json(problem("other_job", message), 409);
  }
  if (state.cursor !== null) {
    const page = await c.env.PHOTOS.list({
      prefix: state.prefix,
      ...(state.cursor && { cursor: state.cursor }),
    });
    for (let i = 0; i < page.objects.length; i += SEND) {
      const messages = page.objects
        .slice(i, i + SEND)
        .map(({ key }) => ({ body: { job, key, whole: state.whole } }));
      await c.env.QUEUE.sendBatch(messages);
    }
    // After the messages: if this is cut off, a page is sent twice, and the records stay the same.
    state = {
      ...state,
      cursor: page.truncated ? page.cursor : null,
      enqueued: state.enqueued + page.objects.length,
    };
    if (state.enqueued > 0) await c.env.RESULTS.put(paths.state(job), JSON.stringify(state));
  }
  return c.json({ enqueued: state.enqueued, complete: state.cursor === null });
});

app.get("/jobs/:job/count", async (c) => {
  const job = c.req.param("job");
  const { records, dead } = c.req.query();
  const page = async (prefix: string, cursor: string | undefined) => {
    if (cursor === "end") return { count: 0, cursor: "end" };
    const list = await c.env.RESULTS.list({ prefix, ...(cursor && { cursor }) });
    return { count: list.objects.length, cursor: list.truncated ? list.cursor : "end" };
  };
  return c.json({
    records: await page(paths.records(job), records),
    dead: await page(paths.deads(job), dead),
  });
});

/** The contents of a page of objects. */
async function readAll(bucket: R2Bucket, objects: readonly R2Object[]): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < objects.length; i += AT_ONCE) {
    const some = objects.slice(i, i + AT_ONCE).map(async ({ key }) => (await bucket.get(key))!.text());
    texts.push(...(await Promise.all(some)));
  }
  return texts;
}

app.get("/jobs/:job/dead", async (c) => {
  const { cursor } = c.req.query();
  const prefix = paths.deads(c.req.param("job"));
  const page = await c.env.RESULTS.list({ prefix, limit: PAGE, ...(cursor && { cursor }) });
  const letters = (await readAll(c.env.RESULTS, page.objects)).map((text) => JSON.parse(text));
  return c.json({ letters, cursor: page.truncated ? page.cursor : null });
});

app.post("/jobs/:job/parts", async (c) => {
  const job = c.req.param("job");
  const { shard = "", index = "0", cursor } = c.req.query();
  const page = await c.env.RESULTS.list({
    prefix: paths.records(job) + shard,
    limit: PAGE,
    ...(cursor && { cursor }),
  });
  if (page.objects.length === 0) return c.json({ photos: 0, cursor: null });
  const lines = await readAll(c.env.RESULTS, page.objects);
  const name = paths.part(job, shard, Number(index));
  await c.env.RESULTS.put(name, lines.map((line) => `${line}\n`).join(""));
  return c.json({ photos: lines.length, cursor: page.truncated ? page.cursor : null });
});

app.post("/jobs/:job/manifest", async (c) => {
  const job = c.req.param("job");
  const { shards } = await c.req.json<{ shards: { shard: string; parts: number; photos: number }[] }>();
  const manifest = { job, photos: shards.reduce((sum, { photos }) => sum + photos, 0), shards };
  await c.env.RESULTS.put(paths.manifest(job), JSON.stringify(manifest, null, 2));
  return c.json(manifest);
});

app.get("/jobs/:job/results", async (c) => {
  const prefix = paths.results(c.req.param("job"));
  const { cursor } = c.req.query();
  const page = await c.env.RESULTS.list({ prefix, ...(cursor && { cursor }) });
  const files = page.objects.map(({ key, size, etag }) => ({ name: key.slice(prefix.length), size, etag }));
  return c.json({ files, cursor: page.truncated ? page.cursor : null });
});

app.get("/jobs/:job/results/:name", async (c) => {
  const file = await c.env.RESULTS.get(paths.results(c.req.param("job")) + c.req.param("name"));
  return file ? c.body(file.body) : c.json(problem("not_found", "The results have no such file."), 404);
});

export default {
  fetch: app.fetch,
  queue: (batch: MessageBatch<Photo>, env: Env) =>
    batch.queue.endsWith("-dead") ? bury(batch, env) : consume(batch, env),
};
