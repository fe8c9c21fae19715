#!/usr/bin/env node
// Drives a bulk job: node bulk.mjs run <job> --url https://… [--prefix photos/]. Run it again to go on with a job.
import progress from "cli-progress";
import { Command, InvalidArgumentError, Option } from "commander";

const program = new Command("bulk").description("Landmarks for a bucket of photos");

/** @returns calls of the Worker's endpoints: (method, path, body?) → its JSON */
function client({ url, token }) {
  if (!token)
    program.error("error: set TOKEN in the environment, or pass --token: the Worker's secret", {
      exitCode: 2,
    });
  return async (method, path, body) => {
    let response;
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new Error(`${url} can't be reached: ${error.cause?.message ?? error.message}`);
    }
    if (response.ok) return response.json();
    const text = await response.text();
    if (response.status === 401) throw new Error("The Worker refuses this token.");
    throw new Error(`${method} ${path}: HTTP ${response.status} ${text}`);
  };
}

function seconds(text) {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("It must be a number of seconds above 0.");
  return value;
}

function address(text) {
  if (!(URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)))
    throw new InvalidArgumentError("It must begin with https:// or http://.");
  return text;
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
    .requiredOption("--url <url>", "address of the Worker", address)
    .addOption(new Option("--token <token>", "its secret TOKEN").env("TOKEN"));

withService(program.command("status").description("count what is done")).action(async (job, options) => {
  console.log(JSON.stringify(await count(client(options), job)));
});

withService(
  program.command("dead").description("list the photos that could not be read, with their reasons"),
).action(async (job, options) => {
  const call = client(options);
  let cursor = null;
  do {
    const page = await call("GET", `/jobs/${job}/dead${cursor ? `?${new URLSearchParams({ cursor })}` : ""}`);
    for (const letter of page.letters) console.log(JSON.stringify(letter));
    cursor = page.cursor;
  } while (cursor);
});

// The estimate is INF or NULL until there is one.
const formatTime = (eta, ...rest) =>
  Number.isFinite(Number(eta))
    ? `${progress.Format.TimeFormat(eta, ...rest)} left`
    : "time left not known yet";

withService(program.command("run").description("put all photos into the queue, wait, write the results"))
  .option(
    "--prefix <prefix>",
    "only photos whose key begins with this; default all, or those of the job before",
  )
  .option("--poll <seconds>", "time between looks at the progress", seconds, 10)
  .action(async (job, { prefix, poll, ...options }) => {
    const call = client(options);
    let queued;
    do {
      queued = await call("POST", `/jobs/${job}/photos`, { prefix });
      console.error(`${queued.enqueued} photos in the queue`);
    } while (!queued.complete);
    if (queued.enqueued === 0) {
      throw new Error(
        `The bucket has no photo${prefix ? ` whose key begins with ${JSON.stringify(prefix)}` : ""}.`,
      );
    }
    const bar = new progress.SingleBar({
      stream: process.stderr,
      noTTYOutput: true,
      format: "{bar} {value}/{total} photos, {dead} not readable | {eta_formatted}",
      formatTime,
    });
    bar.start(queued.enqueued, 0, { dead: 0 });
    let failed = 0;
    for (;;) {
      const start = performance.now();
      const { records, dead } = await count(call, job);
      bar.update(records + dead, { dead });
      failed = dead;
      if (records + dead >= queued.enqueued) break;
      // Counting lists every record: it gets a tenth of the time at most.
      const pause = Math.max(1000 * poll, 10 * (performance.now() - start));
      await new Promise((wake) => setTimeout(wake, pause));
    }
    bar.stop();
    if (failed) {
      const list = `node bulk.mjs dead ${decodeURIComponent(job)} --url ${options.url}`;
      console.error(
        `${failed} of ${queued.enqueued} photos could not be read. To list them with their reasons: ${list}`,
      );
    }
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

try {
  await program.parseAsync();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
