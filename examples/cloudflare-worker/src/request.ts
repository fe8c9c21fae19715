/** Reads what is asked of the service from a request. */
import type { Box, PixelFormat } from "fivepoint";
import { toBox, toBoxes } from "./boxes.ts";
import { type Decoded, decode } from "./decode.ts";
import { RequestError } from "./errors.ts";
import type { Wanted } from "./faces.ts";

export interface Limits {
  readonly maxDecodeBytes: number;
  readonly maxBoxes: number;
  readonly maxImages: number;
}

/** One image to read faces from. Decoding is left until its turn, so that one image at a time is in memory. */
export interface Job {
  readonly name?: string;
  readonly wanted: Wanted;
  readonly image: () => Promise<Decoded>;
}

const invalid = (message: string) => new RequestError(400, "invalid_request", message);

function number(text: string, name: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw invalid(`${name} must be a number, but is ${JSON.stringify(text)}.`);
  return value;
}

const WANTED = ["box", "expand", "whole"];
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

/** A flag of the query: `?whole` and `?whole=true` set it. */
function isSet(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "false";
  if (!["", "true", "false"].includes(text))
    throw invalid(`${name} must be true or false, but is ${JSON.stringify(text)}.`);
  return text !== "false";
}

/** What is wanted of each image; what would be without effect is a mistake. */
function toWanted(
  lists: readonly (readonly Box[])[],
  { expand, whole }: Omit<Wanted, "boxes">,
  { maxBoxes }: Limits,
): Wanted[] {
  const count = lists.flat().length;
  if (count > maxBoxes)
    throw new RequestError(413, "too_many_boxes", `At most ${maxBoxes} boxes per request are read.`);
  if (expand !== undefined && count === 0) throw invalid("expand enlarges boxes, but none is given.");
  if (whole && lists.every(({ length }) => length > 0))
    throw invalid("whole reads images without boxes, but boxes are given.");
  return lists.map((boxes) => ({ boxes, expand, whole }));
}

/** A body that is one image; what is wanted and, for raw pixels, the size are in the query. */
async function single(request: Request, url: URL, type: string, limits: Limits): Promise<Job[]> {
  const isRaw = type === "application/octet-stream";
  const query = readQuery(url, isRaw ? [...WANTED, ...RAW] : WANTED, isRaw ? "raw pixels" : "an image file");
  const boxes = query.getAll("box").map((text) =>
    toBox(
      text.split(",").map((part) => number(part, "box")),
      "box",
    ),
  );
  const expand = query.has("expand") ? number(query.get("expand")!, "expand") : undefined;
  const [wanted] = toWanted([boxes], { expand, whole: isSet(query, "whole") }, limits) as [Wanted];
  if (!isRaw) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return [{ wanted, image: () => decode(bytes, limits.maxDecodeBytes) }];
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
  return [{ wanted, image: async () => ({ pixels, shrink: 1, width, height }) }];
}

/** multipart/form-data: files `image`, and `request`, a JSON `{"boxes": [[[x, y, w, h], …] per image], "expand": 1.15, "whole": true}`. */
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
  let asked: { boxes?: unknown; expand?: unknown; whole?: unknown };
  try {
    asked = JSON.parse(typeof text === "string" ? text : await text.text());
  } catch {
    throw invalid("The part named request isn't JSON.");
  }
  if (typeof asked !== "object" || asked === null || Array.isArray(asked)) {
    throw invalid("The part named request must be a JSON object with boxes, expand and whole.");
  }
  const { boxes = files.map(() => []), expand, whole, ...unknown } = asked;
  for (const name of Object.keys(unknown)) {
    throw invalid(
      `The part named request has a key ${JSON.stringify(name)}: they are boxes, expand and whole.`,
    );
  }
  if (expand !== undefined && typeof expand !== "number") throw invalid("expand must be a number.");
  if (whole !== undefined && typeof whole !== "boolean") throw invalid("whole must be true or false.");
  if (!Array.isArray(boxes) || boxes.length !== files.length) {
    throw invalid(`boxes must be a list of ${files.length} lists of boxes, one for each image.`);
  }
  const lists = boxes.map((list, i) => toBoxes(list, `boxes[${i}]`));
  const wanted = toWanted(lists, { expand, whole }, limits);
  return files.map((file, i) => ({
    name: file.name,
    wanted: wanted[i]!,
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
    `The content-type must be image/jpeg, image/png, image/webp, multipart/form-data or application/octet-stream, but is ${JSON.stringify(type)}: see /openapi.json.`,
  );
}
