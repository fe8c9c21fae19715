/**
 * Millions of photos: R2 → Queues → this Worker → NDJSON in R2. The endpoints do one bounded slice a call; bulk.mjs
 * calls them until a job is done.
 *
 *   POST /jobs/:job/photos    puts the next photos of the job into the queue, {"prefix"} on the first call
 *   GET  /jobs/:job/count     counts records and dead letters, a page a call (?records=cursor&dead=cursor)
 *   POST /jobs/:job/parts     writes one part of the results from a page of records (?shard=a&index=0&cursor=…);
 *                             shards, by the first digit of the content hash, are independent of each other
 *   POST /jobs/:job/manifest  writes the manifest over the parts, {"parts": […]}
 */
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { bury, consume } from "./consumer.ts";
import { type Env, type JobState, type Photo, paths } from "./job.ts";

const PAGE = 500; // records a part: a get each, well under a Worker's limit of subrequests
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
  let state: JobState;
  if (stored) state = await stored.json<JobState>();
  else {
    const { prefix = "" } = await c.req.json<{ prefix?: string }>();
    state = { prefix, cursor: "", enqueued: 0 };
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
    await c.env.RESULTS.put(paths.state(job), JSON.stringify(state));
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

app.post("/jobs/:job/parts", async (c) => {
  const job = c.req.param("job");
  const { shard = "", index = "0", cursor } = c.req.query();
  const page = await c.env.RESULTS.list({
    prefix: paths.records(job) + shard,
    limit: PAGE,
    ...(cursor && { cursor }),
  });
  if (page.objects.length === 0) return c.json({ part: null, cursor: null });
  const read = async ({ key }: R2Object) => (await c.env.RESULTS.get(key))!.text();
  const lines: string[] = [];
  for (let i = 0; i < page.objects.length; i += AT_ONCE)
    lines.push(...(await Promise.all(page.objects.slice(i, i + AT_ONCE).map(read))));
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
