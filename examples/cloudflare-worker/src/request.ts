/** Reads what is asked of the service from a request. */
import type { Box, PixelFormat } from "fivepoint";
import { type Decoded, decode } from "./decode.ts";
import { RequestError } from "./errors.ts";

export interface Limits {
  readonly maxDecodeBytes: number;
  readonly maxBoxes: number;
  readonly maxImages: number;
}

/** One image to read faces from. Decoding is left until its turn, so that one image at a time is in memory. */
export interface Job {
  readonly name?: string;
  readonly boxes: readonly Box[];
  readonly expand: number;
  readonly image: () => Promise<Decoded>;
}

const invalid = (message: string) => new RequestError(400, "invalid_request", message);

function number(text: string, name: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw invalid(`${name} must be a number, but is ${JSON.stringify(text)}.`);
  return value;
}

const RAW = ["width", "height", "format"];

/** The query as names and values. A name that nobody reads would be a wrong answer: a box that is misspelt is no box. */
function readQuery(url: URL, known: readonly string[], what: string): URLSearchParams {
  for (const name of new Set(url.searchParams.keys())) {
    if (!known.includes(name)) {
      const list = known.length ? `they are ${known.join(", ")}` : "it takes none";
      throw invalid(`The query has no parameter ${JSON.stringify(name)} for ${what}: ${list}.`);
    }
    if (name !== "box" && url.searchParams.getAll(name).length > 1) {
      throw invalid(`The query has ${name} more than once.`);
    }
  }
  return url.searchParams;
}

function toBox(values: unknown, name: string): Box {
  if (
    !Array.isArray(values) ||
    values.length !== 4 ||
    !values.every((v) => typeof v === "number" && Number.isFinite(v))
  ) {
    throw invalid(`${name} must be four numbers x, y, width, height, but is ${JSON.stringify(values)}.`);
  }
  const [x, y, width, height] = values as [number, number, number, number];
  return { x, y, width, height };
}

function checkCount(boxes: readonly Box[], { maxBoxes }: Limits): void {
  if (boxes.length > maxBoxes)
    throw new RequestError(413, "too_many_boxes", `At most ${maxBoxes} boxes per request are read.`);
}

/** A body that is one image; boxes, expansion and, for raw pixels, the size are in the query. */
async function single(request: Request, url: URL, type: string, limits: Limits): Promise<Job[]> {
  const isRaw = type === "application/octet-stream";
  const query = readQuery(
    url,
    isRaw ? ["box", "expand", ...RAW] : ["box", "expand"],
    isRaw ? "raw pixels" : "an image file",
  );
  const boxes = query.getAll("box").map((text) =>
    toBox(
      text.split(",").map((part) => number(part, "box")),
      "box",
    ),
  );
  checkCount(boxes, limits);
  const expand = number(query.get("expand") ?? "1", "expand");
  if (!isRaw) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return [{ boxes, expand, image: () => decode(bytes, limits.maxDecodeBytes) }];
  }
  const side = (name: "width" | "height") => {
    const text = query.get(name);
    if (text === null)
      throw invalid(`${name} is missing: raw pixels need their width and height in the query.`);
    return number(text, name);
  };
  const [width, height] = [side("width"), side("height")];
  const format = (query.get("format") ?? "rgba") as PixelFormat;
  const pixels = { data: new Uint8Array(await request.arrayBuffer()), width, height, format };
  return [{ boxes, expand, image: async () => ({ pixels, shrink: 1, width, height }) }];
}

/** multipart/form-data: files `image`, and `request`, a JSON `{"boxes": [[[x, y, w, h], …] per image], "expand": 1.15}`. */
async function batch(request: Request, url: URL, limits: Limits): Promise<Job[]> {
  readQuery(url, [], "a multipart body");
  let form: FormData;
  try {
    form = await request.formData();
  } catch {
    throw invalid("The multipart body can't be parsed.");
  }
  for (const name of new Set(form.keys())) {
    if (name !== "image" && name !== "request") {
      throw invalid(
        `The multipart body has a part named ${JSON.stringify(name)}: they are image and request.`,
      );
    }
  }
  const files = form.getAll("image").filter((part): part is File => typeof part !== "string");
  if (files.length < form.getAll("image").length) {
    throw invalid("The part named image must be a file, with a file name.");
  }
  if (files.length === 0) throw invalid("The multipart body has no file named image.");
  if (files.length > limits.maxImages) {
    throw new RequestError(
      413,
      "too_many_images",
      `At most ${limits.maxImages} images per request are read.`,
    );
  }
  const [text = "{}", ...others] = form.getAll("request");
  if (others.length) throw invalid("The multipart body has more than one part named request.");
  let wanted: { boxes?: unknown; expand?: unknown };
  try {
    wanted = JSON.parse(typeof text === "string" ? text : await text.text());
  } catch {
    throw invalid("The part named request isn't JSON.");
  }
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) {
    throw invalid("The part named request must be a JSON object with boxes and expand.");
  }
  const { boxes = files.map(() => []), expand = 1, ...unknown } = wanted;
  for (const name of Object.keys(unknown)) {
    throw invalid(`The part named request has a key ${JSON.stringify(name)}: they are boxes and expand.`);
  }
  if (typeof expand !== "number") throw invalid("expand must be a number.");
  if (!Array.isArray(boxes) || boxes.length !== files.length || !boxes.every(Array.isArray)) {
    throw invalid(`boxes must be a list of ${files.length} lists of boxes, one for each image.`);
  }
  const parsed = boxes.map((list: unknown[], i) => list.map((box, j) => toBox(box, `boxes[${i}][${j}]`)));
  checkCount(parsed.flat(), limits);
  return files.map((file, i) => ({
    name: file.name,
    boxes: parsed[i]!,
    expand,
    image: async () => decode(new Uint8Array(await file.arrayBuffer()), limits.maxDecodeBytes),
  }));
}

/** @throws RequestError 400, 413, 415 */
export async function readJobs(request: Request, limits: Limits): Promise<{ jobs: Job[]; isBatch: boolean }> {
  const url = new URL(request.url);
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type === "multipart/form-data") return { jobs: await batch(request, url, limits), isBatch: true };
  if (type.startsWith("image/") || type === "application/octet-stream") {
    return { jobs: await single(request, url, type, limits), isBatch: false };
  }
  throw new RequestError(
    415,
    "unsupported_type",
    `A body of the type ${JSON.stringify(type)} isn't read: see /openapi.json.`,
  );
}
