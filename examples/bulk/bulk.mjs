#!/usr/bin/env node
// Drives a bulk job: node bulk.mjs run <job> --url https://… [--prefix photos/]. Run it again to go on with a job.
import { SingleBar } from "cli-progress";
import { Command } from "commander";

const program = new Command("bulk").description("Landmarks for a bucket of photos");

function client({ url, token = process.env.TOKEN }) {
  return async (method, path, body) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`);
    return response.json();
  };
}

async function count(call, job) {
  const total = { records: 0, dead: 0 };
  let cursors = "";
  for (;;) {
    const { records, dead } = await call("GET", `/jobs/${job}/count${cursors}`);
    total.records += records.count;
    total.dead += dead.count;
    if (records.cursor === "end" && dead.cursor === "end") return total;
    cursors = `?${new URLSearchParams({ records: records.cursor, dead: dead.cursor })}`;
  }
}

const withService = (command) =>
  command
    .argument("<job>", "name of the job", (name) => encodeURIComponent(name))
    .requiredOption("--url <url>", "address of the Worker")
    .option("--token <token>", "its secret TOKEN; default the environment's TOKEN");

withService(program.command("status").description("count what is done")).action(async (job, options) => {
  console.log(JSON.stringify(await count(client(options), job)));
});

withService(program.command("run").description("put all photos into the queue, wait, write the results"))
  .option("--prefix <prefix>", "photos whose key starts so", "")
  .option("--poll <seconds>", "between looks at the progress", Number, 10)
  .action(async (job, { prefix, poll, ...options }) => {
    const call = client(options);
    let queued;
    do {
      queued = await call("POST", `/jobs/${job}/photos`, { prefix });
      console.error(`${queued.enqueued} photos in the queue`);
    } while (!queued.complete);
    const bar = new SingleBar({
      stream: process.stderr,
      noTTYOutput: true,
      format: "{bar} {value}/{total} photos, {dead} dead | {eta_formatted}",
    });
    bar.start(queued.enqueued, 0, { dead: 0 });
    for (;;) {
      const start = performance.now();
      const { records, dead } = await count(call, job);
      bar.update(records + dead, { dead });
      if (records + dead >= queued.enqueued) break;
      // Counting lists every record: it gets a tenth of the time at most.
      const pause = Math.max(1000 * poll, 10 * (performance.now() - start));
      await new Promise((wake) => setTimeout(wake, pause));
    }
    bar.stop();
    const writeShard = async (shard) => {
      const parts = [];
      let cursor = null;
      do {
        const query = new URLSearchParams({ shard, index: parts.length, ...(cursor && { cursor }) });
        const written = await call("POST", `/jobs/${job}/parts?${query}`);
        if (written.part) parts.push(written.part);
        cursor = written.cursor;
      } while (cursor);
      return parts;
    };
    const parts = (await Promise.all([..."0123456789abcdef"].map(writeShard))).flat();
    console.log(JSON.stringify(await call("POST", `/jobs/${job}/manifest`, { parts })));
  });

await program.parseAsync();
