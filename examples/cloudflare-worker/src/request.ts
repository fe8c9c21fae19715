/** Reads what is asked of the service from a request. */
import type { Box, ImageLike, PixelFormat } from "fivepoint";
import { decode } from "./decode.ts";
import { RequestError } from "./errors.ts";

export interface Limits {
  readonly maxPixels: number;
  readonly maxBoxes: number;
  readonly maxImages: number;
}

/** One image to read faces from. Decoding is left until its turn, so that one picture at a time is in memory. */
export interface Job {
  readonly name?: string;
  readonly boxes: readonly Box[];
  readonly expand: number;
  readonly image: () => Promise<ImageLike>;
}

const invalid = (message: string) => new RequestError(400, "invalid_request", message);

function number(text: string | null, name: string): number {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw invalid(`${name} must be a number, but is ${JSON.stringify(text)}.`);
  return value;
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

function checkCount(boxes: readonly Box[], { maxBoxes }: Limits): readonly Box[] {
  if (boxes.length > maxBoxes)
    throw new RequestError(413, "too_many_boxes", `At most ${maxBoxes} boxes a request are read.`);
  return boxes;
}

/** A body that is one image; boxes, expansion and, for raw pixels, the size are in the query. */
async function single(request: Request, url: URL, type: string, limits: Limits): Promise<Job[]> {
  const query = url.searchParams;
  const boxes = query.getAll("box").map((text) =>
    toBox(
      text.split(",").map((part) => number(part, "box")),
      "box",
    ),
  );
  const expand = query.has("expand") ? number(query.get("expand"), "expand") : 1;
  const bytes = await request.arrayBuffer();
  if (type !== "application/octet-stream") {
    return [{ boxes: checkCount(boxes, limits), expand, image: () => decode(bytes, limits.maxPixels) }];
  }
  const width = number(query.get("width"), "width");
  const height = number(query.get("height"), "height");
  const format = (query.get("format") ?? "rgba") as PixelFormat;
  if (width * height > limits.maxPixels) {
    throw new RequestError(413, "too_many_pixels", `At most ${limits.maxPixels} pixels are read.`);
  }
  const image = { data: new Uint8Array(bytes), width, height, format };
  return [{ boxes: checkCount(boxes, limits), expand, image: async () => image }];
}

/** multipart/form-data: files `image`, and `request`, a JSON `{"boxes": [[[x, y, w, h], …] per image], "expand": 1.15}`. */
async function batch(request: Request, limits: Limits): Promise<Job[]> {
  let form: FormData;
  try {
    form = await request.formData();
  } catch {
    throw invalid("The multipart body can't be parsed.");
  }
  const files = form.getAll("image").filter((part): part is File => typeof part !== "string");
  if (files.length === 0) throw invalid("The multipart body has no file named image.");
  if (files.length > limits.maxImages) {
    throw new RequestError(413, "too_many_images", `At most ${limits.maxImages} images a request are read.`);
  }
  const text = form.get("request") ?? "{}";
  let wanted: { boxes?: unknown; expand?: unknown };
  try {
    wanted = JSON.parse(typeof text === "string" ? text : await text.text());
  } catch {
    throw invalid("The part named request isn't JSON.");
  }
  const { boxes = files.map(() => []), expand = 1 } = wanted ?? {};
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
    image: async () => decode(await file.arrayBuffer(), limits.maxPixels),
  }));
}

/** @throws RequestError 400, 413, 415 */
export async function readJobs(request: Request, limits: Limits): Promise<{ jobs: Job[]; isBatch: boolean }> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type === "multipart/form-data") return { jobs: await batch(request, limits), isBatch: true };
  if (type.startsWith("image/") || type === "application/octet-stream") {
    return { jobs: await single(request, new URL(request.url), type, limits), isBatch: false };
  }
  throw new RequestError(
    415,
    "unsupported_type",
    `A body of the type ${JSON.stringify(type)} isn't read: see /openapi.json.`,
  );
}
