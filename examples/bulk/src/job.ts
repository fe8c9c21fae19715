/** What a job is made of: messages, bindings, names of objects. */

/** A message: one photo of a job. */
export interface Photo {
  readonly job: string;
  /** In the bucket PHOTOS. */
  readonly key: string;
  /** Without boxes the photo as a whole is one face, in place of those that are found. */
  readonly whole: boolean;
}

export interface Env {
  readonly PHOTOS: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly QUEUE: Queue<Photo>;
  readonly DEAD: Queue<Photo & { reason: string }>;
  readonly MAX_FILE_BYTES: string;
  readonly MAX_DECODE_BYTES: string;
  readonly MAX_ATTEMPTS: string;
  readonly TOKEN?: string;
}

/** Where a job stands; kept in R2, so that an interrupted one goes on where it was. */
export interface JobState {
  readonly prefix: string;
  readonly whole: boolean;
  /** Where listing the photos goes on; null when all are in the queue. */
  readonly cursor: string | null;
  readonly enqueued: number;
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes.subarray(0, 16)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

export const paths = {
  state: (job: string) => `${job}/job.json`,
  records: (job: string) => `${job}/records/`,
  record: (job: string, sha256: string, key: string) => `${job}/records/${sha256}/${encodeURIComponent(key)}`,
  deads: (job: string) => `${job}/dead/`,
  dead: async (job: string, key: string) => `${job}/dead/${await digest(key)}`,
  results: (job: string) => `${job}/results/`,
  part: (job: string, shard: string, index: number) =>
    `${paths.results(job)}part-${shard}-${String(index).padStart(6, "0")}.ndjson`,
  manifest: (job: string) => `${paths.results(job)}manifest.json`,
};
