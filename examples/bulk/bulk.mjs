#!/usr/bin/env node
// Drives a bulk job: node bulk.mjs run <job> --url https://… [--prefix photos/]. Run it again to go on with a job.
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import progress from "cli-progress";
import { Command, InvalidArgumentError, Option } from "commander";
import { parse } from "csv-parse/sync";
import pMap from "p-map";
import pRetry from "p-retry";

const program = new Command("bulk").description("Landmarks for a bucket of photos");

/** @returns calls of the Worker's endpoints: (method, path, body?, headers?) → its response, a good one */
function client({ url, token }) {
  if (!token)
    program.error("error: set TOKEN in the environment, or pass --token: the Worker's secret", {
      exitCode: 2,
    });
  return async (method, path, body, headers) => {
    const request = { method, headers: { authorization: `Bearer ${token}`, ...headers }, body };
    let response;
    try {
      // Each call may be repeated: what it stores, it stores once more under the same name.
      response = await pRetry(() => fetch(new URL(path, url), request), { retries: 3, minTimeout: 300 });
    } catch (error) {
      throw new Error(`${url} can't be reached: ${error.cause?.message ?? error.message}`);
    }
    if (response.ok) return response;
    const text = await response.text();
    if (response.status === 401) throw new Error("The Worker refuses this token.");
    throw new Error(`${method} ${path}: HTTP ${response.status} ${text}`);
  };
}

/** @returns the same with JSON both ways */
function jsonClient(options) {
  const call = client(options);
  return async (method, path, body) => {
    const json = body && [JSON.stringify(body), { "content-type": "application/json" }];
    return (await call(method, path, ...(json ?? []))).json();
  };
}

// The estimate is INF or NULL until there is one.
const formatTime = (eta, ...rest) =>
  Number.isFinite(Number(eta))
    ? `${progress.Format.TimeFormat(eta, ...rest)} left`
    : "time left not known yet";

function startBar(total, unit, more = "") {
  const bar = new progress.SingleBar({
    stream: process.stderr,
    noTTYOutput: true,
    format: `{bar} {value}/{total} ${unit}${more} | {eta_formatted}`,
    formatTime,
  });
  bar.start(total, 0, { dead: 0 });
  return bar;
}

/** Does the work of a list under a bar, a few at a time. */
async function forEach(list, unit, work) {
  const bar = startBar(list.length, unit);
  try {
    await pMap(
      list,
      async (item) => {
        await work(item);
        bar.increment();
      },
      { concurrency: 6 },
    );
  } finally {
    bar.stop();
  }
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

const withJob = (command) =>
  withService(command.argument("<job>", "name of the job", (name) => encodeURIComponent(name)));

const withService = (command) =>
  command
    .requiredOption("--url <url>", "address of the Worker", address)
    .addOption(new Option("--token <token>", "its secret TOKEN").env("TOKEN"));

withJob(program.command("status").description("count what is done")).action(async (job, options) => {
  console.log(JSON.stringify(await count(jsonClient(options), job)));
});

withJob(
  program.command("dead").description("list the photos that could not be read, with their reasons"),
).action(async (job, options) => {
  const call = jsonClient(options);
  let cursor = null;
  do {
    const page = await call("GET", `/jobs/${job}/dead${cursor ? `?${new URLSearchParams({ cursor })}` : ""}`);
    for (const letter of page.letters) console.log(JSON.stringify(letter));
    cursor = page.cursor;
  } while (cursor);
});

withJob(program.command("run").description("put all photos into the queue, wait, write the results"))
  .option(
    "--prefix <prefix>",
    "only photos whose key begins with this; default all, or those of the job before",
  )
  .option("--poll <seconds>", "time between looks at the progress", seconds, 10)
  .option("--whole", "read each photo without boxes as a whole: photos that are cropped to a face")
  .action(async (job, { prefix, whole, poll, ...options }) => {
    const call = jsonClient(options);
    let queued;
    do {
      queued = await call("POST", `/jobs/${job}/photos`, { prefix, whole });
      console.error(`${queued.enqueued} photos in the queue`);
    } while (!queued.complete);
    if (queued.enqueued === 0) {
      throw new Error(
        `The bucket has no photo${prefix ? ` whose key begins with ${JSON.stringify(prefix)}` : ""}.`,
      );
    }
    const bar = startBar(queued.enqueued, "photos", ", {dead} not readable");
    let failed = 0;
    for (;;) {
      const start = performance.now();
      const { records, dead } = await count(call, job);
      bar.update(records + dead, { dead });
      failed = dead;
      if (records + dead >= queued.enqueued) break;
      // Counting lists every record: it gets half of the time at most.
      const pause = Math.max(1000 * poll, performance.now() - start);
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
      const written = { shard, parts: 0, photos: 0 };
      let cursor = null;
      do {
        const query = new URLSearchParams({ shard, index: written.parts, ...(cursor && { cursor }) });
        const part = await call("POST", `/jobs/${job}/parts?${query}`);
        if (part.photos > 0) written.parts++;
        written.photos += part.photos;
        cursor = part.cursor;
      } while (cursor);
      return written;
    };
    const shards = await Promise.all([..."0123456789abcdef"].map(writeShard));
    console.log(JSON.stringify(await call("POST", `/jobs/${job}/manifest`, { shards })));
    console.error(
      `To download the results: node bulk.mjs fetch ${decodeURIComponent(job)} --to results --url ${options.url}`,
    );
  });

/** @returns by the names of files the boxes of a list with the columns file, x, y, width, height */
async function readBoxes(list) {
  const boxes = new Map();
  let rows;
  try {
    rows = parse(await readFile(list), { columns: true, trim: true });
  } catch (error) {
    throw new Error(`${list}: ${error.message}`);
  }
  const wrong = new Error(`${list}: expected the columns file, x, y, width, height, and numbers in them.`);
  if (rows.length === 0) throw wrong;
  for (const { file, ...box } of rows) {
    const numbers = ["x", "y", "width", "height"].map((name) => Number.parseFloat(box[name]));
    if (!file || !numbers.every(Number.isFinite)) throw wrong;
    const name = basename(file);
    boxes.set(name, [...(boxes.get(name) ?? []), numbers]);
  }
  return boxes;
}

withService(program.command("put").description("store photos in the bucket"))
  .argument("<file...>", "photos")
  .option("--prefix <prefix>", "what their keys begin with, before the file's name", "photos/")
  .option("--boxes <csv>", "the boxes of their faces: file,x,y,width,height, one line per face")
  .action(async (files, { prefix, boxes: list, ...options }) => {
    const call = client(options);
    const boxes = list ? await readBoxes(list) : new Map();
    await forEach(files, "photos", async (file) => {
      const known = boxes.get(basename(file));
      const path = `/photos/${encodeURIComponent(prefix + basename(file))}`;
      await call("PUT", path, await readFile(file), known && { boxes: JSON.stringify(known) });
    });
  });

withJob(program.command("fetch").description("download the results into a folder"))
  .requiredOption("--to <folder>", "where to; what is there already, complete, stays")
  .action(async (job, { to, ...options }) => {
    const call = client(options);
    const files = [];
    let cursor = null;
    do {
      const query = cursor ? `?${new URLSearchParams({ cursor })}` : "";
      const page = await (await call("GET", `/jobs/${job}/results${query}`)).json();
      files.push(...page.files);
      cursor = page.cursor;
    } while (cursor);
    if (!files.some(({ name }) => name === "manifest.json"))
      throw new Error("The job has no results yet: run it to its end first.");
    await mkdir(to, { recursive: true });
    await forEach(files, "files", (file) =>
      download(file, join(to, file.name), () => call("GET", `/jobs/${job}/results/${file.name}`)),
    );
  });

/** Nothing half written: a file has its name when its bytes are those of R2's etag, their MD5. */
async function download({ name, etag }, path, get) {
  const isSame = (bytes) => createHash("md5").update(bytes).digest("hex") === etag;
  const there = await readFile(path).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (there && isSame(there)) return;
  if (there) throw new Error(`${path} is there already, with other content: choose another folder.`);
  const bytes = Buffer.from(await (await get()).arrayBuffer());
  if (!isSame(bytes)) throw new Error(`${name} arrived damaged: try again.`);
  await writeFile(`${path}.partial`, bytes);
  await rename(`${path}.partial`, path);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
