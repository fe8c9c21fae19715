/**
 * Millions of photos: R2 → Queues → this Worker → NDJSON in R2. The endpoints do one bounded slice per call; bulk.mjs
 * calls them until a job is done.
 *
 *   POST /jobs/:job/photos    puts the next photos of the job into the queue, {"prefix"} on the first call
 *   GET  /jobs/:job/count     counts records and dead letters, a page per call (?records=cursor&dead=cursor)
 *   GET  /jobs/:job/dead      the photos that could not be read, with their reasons, a page per call (?cursor=…)
 *   POST /jobs/:job/parts     writes one part of the results from a page of records (?shard=a&index=0&cursor=…);
 *                             shards, by the first digit of the content hash, are independent of each other
 *   POST /jobs/:job/manifest  writes the manifest over the parts, {"parts": […]}
 */
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bury, consume } from "./consumer.ts";
import { type Env, type JobState, type Photo, paths } from "./job.ts";

const PAGE = 500; // records per part: a get each, well under a Worker's limit of subrequests
const SEND = 100; // messages that Queues take at once
const AT_ONCE = 6; // connections that a Worker may have open

const app = new Hono<{ Bindings: Env }>();

app.use("/jobs/*", (c, next) => {
  if (!c.env.TOKEN)
    return c.json({ error: { code: "no_token", message: "Set the secret TOKEN first." } }, 503);
  return bearerAuth({ token: c.env.TOKEN })(c, next);
});

app.post("/jobs/:job/photos", async (c) => {
  const job = c.req.param("job");
  const stored = await c.env.RESULTS.get(paths.state(job));
  const { prefix } = await c.req.json<{ prefix?: string }>();
  let state = (await stored?.json<JobState>()) ?? { prefix: prefix ?? "", cursor: "", enqueued: 0 };
  if (prefix !== undefined && prefix !== state.prefix) {
    const message = `The job ${job} is one of the prefix ${JSON.stringify(state.prefix)}: give another job to ${JSON.stringify(prefix)}.`;
    return c.json({ error: { code: "other_prefix", message } }, 409);
  }
  if (state.cursor !== null) {
    const page = await c.env.PHOTOS.list({
      prefix: state.prefix,
      ...(state.cursor && { cursor: state.cursor }),
    });
    for (let i = 0; i < page.objects.length; i += SEND) {
      await c.env.QUEUE.sendBatch(page.objects.slice(i, i + SEND).map(({ key }) => ({ body: { job, key } })));
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
  if (page.objects.length === 0) return c.json({ part: null, cursor: null });
  const lines = await readAll(c.env.RESULTS, page.objects);
  const name = paths.part(job, shard, Number(index));
  const stored = await c.env.RESULTS.put(name, lines.map((line) => `${line}\n`).join(""));
  return c.json({
    part: { name, photos: lines.length, etag: stored!.etag },
    cursor: page.truncated ? page.cursor : null,
  });
});

app.post("/jobs/:job/manifest", async (c) => {
  const job = c.req.param("job");
  const { parts } = await c.req.json<{ parts: { name: string; photos: number; etag: string }[] }>();
  const manifest = { job, photos: parts.reduce((sum, { photos }) => sum + photos, 0), parts };
  await c.env.RESULTS.put(paths.manifest(job), JSON.stringify(manifest, null, 2));
  return c.json(manifest);
});

export default {
  fetch: app.fetch,
  queue: (batch: MessageBatch<Photo>, env: Env) =>
    batch.queue.endsWith("-dead") ? bury(batch, env) : consume(batch, env),
};
