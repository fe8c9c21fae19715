/**
 * Photos from the queue to records in R2. A queue delivers at least once and in any order; a record's name is made of
 * the photo's content hash and its key, and its content follows from these, so a second delivery writes the same
 * object again: every photo is exactly once in the results.
 */
import { toBoxes } from "fivepoint-worker/boxes";
import { decode } from "fivepoint-worker/decode";
import { RequestError } from "fivepoint-worker/errors";
import { readFaces, toJson } from "fivepoint-worker/faces";
import { limit } from "fivepoint-worker/limit";
import { type Env, type Photo, paths } from "./job.ts";

/** Why no retry can help a photo. */
class Poison extends Error {}

const hex = (bytes: ArrayBuffer) =>
  [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");

/** The boxes in a photo's metadata; none where it has no such metadata. */
function parseBoxes(text: string | undefined) {
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new Poison(`The photo's metadata boxes isn't JSON, but ${text}.`);
  }
  return toBoxes(list, "The photo's metadata boxes");
}

async function process({ job, key, whole }: Photo, env: Env): Promise<void> {
  const object = await env.PHOTOS.get(key);
  if (!object) throw new Poison("The photo isn't in the bucket any more.");
  const largest = limit(env, "MAX_FILE_BYTES");
  if (object.size > largest) {
    throw new Poison(`The photo's file has ${object.size} bytes; at most ${largest} are read.`);
  }
  const bytes = new Uint8Array(await object.arrayBuffer());
  const sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
  const boxes = parseBoxes(object.customMetadata?.boxes);
  const image = await decode(bytes, limit(env, "MAX_DECODE_BYTES"));
  const faces = readFaces(image, { boxes, whole }).map(toJson);
  const { width, height } = image;
  await env.RESULTS.put(
    paths.record(job, sha256, key),
    JSON.stringify({ key, sha256, width, height, faces }),
  );
}

/** The main queue: each message is acknowledged, retried or buried on its own. */
export async function consume(batch: MessageBatch<Photo>, env: Env): Promise<void> {
  for (const message of batch.messages) {
    try {
      await process(message.body, env);
      message.ack();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const isPoison = error instanceof Poison || error instanceof RequestError;
      if (isPoison || message.attempts >= limit(env, "MAX_ATTEMPTS")) {
        await env.DEAD.send({ ...message.body, reason });
        message.ack();
      } else {
        console.warn(
          JSON.stringify({ event: "retry", key: message.body.key, attempts: message.attempts, reason }),
        );
        message.retry({ delaySeconds: 2 ** message.attempts });
      }
    }
  }
}

/** The dead-letter queue: what couldn't be read, with its reason, for a person to look at. */
export async function bury(batch: MessageBatch<Photo & { reason?: string }>, env: Env): Promise<void> {
  for (const { body } of batch.messages) {
    const { job, key, reason = "The delivery failed again and again." } = body;
    await env.RESULTS.put(await paths.dead(job, key), JSON.stringify({ key, reason }));
  }
  batch.ackAll();
}
