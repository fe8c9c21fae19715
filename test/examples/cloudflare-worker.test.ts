/** The Worker example, bundled by wrangler and run in the real workerd. */
import { exec, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { createLandmarkerSync, type Face, LANDMARK_NAMES } from "fivepoint";
import { createFinderSync, findFaces } from "fivepoint/finder";
import schema from "fivepoint/result.schema.json" with { type: "json" };
import type { Miniflare } from "miniflare";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHeader } from "../../examples/cloudflare-worker/src/header.ts";
import { buildWorker, installExample } from "../support/examples.ts";
import { bundledModules, startWorker } from "../support/miniflare.ts";
import { isolateBytes, load, startCounted } from "../support/workerd.ts";
import {
  disguised,
  frame,
  frameOffset,
  png,
  profileBomb,
  segment,
  tableBomb,
  withChunks,
} from "./crafted.ts";
import { readVars } from "./vars.ts";

const EXAMPLE = "examples/cloudflare-worker";
const TOKEN = "c2VjcmV0-of.the~test";
const LIMITS = { MAX_BODY_BYTES: "8000000", MAX_DECODE_BYTES: "32000000", MAX_BOXES: "8", MAX_IMAGES: "3" };

const photo = sharp("examples/astronaut.jpg");
const box = { x: 110, y: 60, width: 150, height: 150 };
const query = `?box=${box.x},${box.y},${box.width},${box.height}`;

const VARS = readVars("cloudflare-worker");

/** The copy that is installed, and the Worker that it bundles. */
let folder: string;
let dist: string;
let worker: Miniflare;
let strict: Miniflare;
const start = (bindings: Record<string, string> = {}) =>
  startWorker(bundledModules(dist), { bindings: { ...LIMITS, CORS_ORIGIN: "", ...bindings } });

beforeAll(async () => {
  folder = installExample("cloudflare-worker");
  dist = buildWorker(folder);
  worker = start();
  strict = start({ MAX_BODY_BYTES: "1000" });
  await Promise.all([worker.ready, strict.ready]);
}, 600_000);
afterAll(() => Promise.all([worker?.dispose(), strict?.dispose()]));

const openapi = JSON.parse(readFileSync(`${EXAMPLE}/openapi.json`, "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(openapi, "openapi.json");
ajv.addSchema(schema);
const isFace = ajv.compile({ $ref: `${schema.$id}#/$defs/face` });

const met = new Set<string>();

/**
 * An answer is one that openapi.json describes for its status; other paths and methods get the error that it describes. Its faces
 * are those of the package's schema, too.
 */
function checkAgainstDocument(method: string, path: string, status: number, json: unknown): void {
  const operation = openapi.paths[path]?.[method.toLowerCase()];
  if (operation) expect(Object.keys(operation.responses)).toContain(String(status));
  const place = operation
    ? `paths/${path.replaceAll("/", "~1")}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`
    : "components/schemas/Error";
  const validate = ajv.compile({ $ref: `openapi.json#/${place}` });
  validate(json);
  expect(validate.errors).toBe(null);
  const { images = [json], error } = json as { images?: unknown[]; error?: { code: string } };
  for (const { faces = [] } of images as { faces?: unknown[] }[]) {
    for (const face of faces) expect(isFace(face) ? [] : isFace.errors).toEqual([]);
  }
  const code = error?.code;
  if (code) met.add(code);
}

async function send(
  path: string,
  init?: { method?: string; headers?: Record<string, string>; body?: unknown },
  to = worker,
  // biome-ignore lint/suspicious/noExplicitAny: JSON of many shapes
): Promise<{ status: number; json: any; headers: Headers }> {
  const response = await to.dispatchFetch(`http://localhost${path}`, init as never);
  const { status } = response;
  const json = await response.json();
  const { pathname } = new URL(path, "http://localhost");
  if (pathname !== "/openapi.json") checkAgainstDocument(init?.method ?? "GET", pathname, status, json);
  return { status, json, headers: response.headers as unknown as Headers };
}
const post = (path: string, type: string, body: unknown, to?: Miniflare) =>
  send(path, { method: "POST", headers: { "content-type": type }, body }, to);

/** A batch, as a browser's form sends it. */
async function postForm({
  images,
  request,
  part,
  query = "",
}: {
  images: Uint8Array[];
  request?: string;
  part?: string;
  query?: string;
}) {
  const form = new FormData();
  for (const [i, bytes] of images.entries())
    form.append("image", new File([new Uint8Array(bytes)], `${i}.jpg`));
  if (request) form.append("request", request);
  if (part) form.append(part, "text");
  const encoded = new Response(form);
  return post(`/landmarks${query}`, encoded.headers.get("content-type")!, await encoded.arrayBuffer());
}

describe("POST /landmarks", () => {
  it.each(["jpeg", "png", "webp"] as const)(
    "reads a %s as the library reads the same pixels",
    async (format) => {
      const bytes = await photo.clone().toFormat(format, { quality: 95 }).toBuffer();
      const { status, json } = await post(`/landmarks${query}`, `image/${format}`, bytes);
      expect(status).toBe(200);
      const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
      expect([json.width, json.height]).toEqual([info.width, info.height]);
      const face = createLandmarkerSync().detect(
        { data, width: info.width, height: info.height, format: "rgb" },
        box,
      );
      // Decoders may differ by a grey level or two; half a pixel of the photo is far above what that moves.
      face.points.forEach(({ x, y }, i) => {
        expect(Math.abs(json.faces[0].points[i][0] - x)).toBeLessThan(0.5);
        expect(Math.abs(json.faces[0].points[i][1] - y)).toBeLessThan(0.5);
      });
      expect(json.faces[0].score).toBeCloseTo(face.score, 1);
    },
  );

  it("reads raw pixels, several boxes and an expansion exactly as the library does", async () => {
    const { data, info } = await photo.clone().ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    const size = `&width=${info.width}&height=${info.height}`;
    const boxes = [box, { x: 120.5, y: 70, width: 120, height: 130 }];
    const path = `/landmarks?expand=1.15${size}${boxes.map((b) => `&box=${b.x},${b.y},${b.width},${b.height}`).join("")}`;
    const { status, json } = await post(path, "application/octet-stream", data);
    expect(status).toBe(200);
    const want = createLandmarkerSync().detectAll({ data, width: info.width, height: info.height }, boxes, {
      expand: 1.15,
    });
    want.forEach((face, i) => {
      expect(json.faces[i].normalized).toEqual(
        [...face.normalized].map((v) => JSON.parse(JSON.stringify(v))),
      );
      expect(json.faces[i].box).toEqual(face.box);
    });
  });

  it.each(["jpeg", "png", "webp"] as const)("reads a %s by its EXIF orientation", async (format) => {
    const encode = (image: Sharp) => image.toFormat(format, { quality: 95 }).toBuffer();
    const upright = await encode(photo.clone());
    const rotated = await encode(photo.clone().rotate(-90).withMetadata({ orientation: 6 }));
    const a = await post(`/landmarks${query}`, `image/${format}`, upright);
    const b = await post(`/landmarks${query}`, `image/${format}`, rotated);
    expect([b.json.width, b.json.height]).toEqual([a.json.width, a.json.height]);
    for (const i of LANDMARK_NAMES.keys()) {
      expect(Math.abs(a.json.faces[0].points[i][0] - b.json.faces[0].points[i][0])).toBeLessThan(1.5);
      expect(Math.abs(a.json.faces[0].points[i][1] - b.json.faces[0].points[i][1])).toBeLessThan(1.5);
    }
  });

  it("takes a JPEG of a telephone's 12 megapixels, at a smaller size, and answers in its own pixels", async () => {
    const factor = 4032 / 384;
    const large = photo.clone().resize(4032, 4032);
    const scaled = `?box=${[box.x, box.y, box.width, box.height].map((v) => v * factor).join(",")}`;
    const small = await post(
      `/landmarks${query}`,
      "image/jpeg",
      await photo.clone().jpeg({ quality: 95 }).toBuffer(),
    );
    // As a camera stores it: lying on its side.
    const file = await large.rotate(-90).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { status, json } = await post(`/landmarks${scaled}`, "image/jpeg", file);
    expect(status).toBe(200);
    expect([json.width, json.height]).toEqual([4032, 4032]);
    for (const i of LANDMARK_NAMES.keys()) {
      for (const axis of [0, 1]) {
        const want = small.json.faces[0].points[i][axis];
        expect(Math.abs(json.faces[0].points[i][axis] / factor - want)).toBeLessThan(1.5);
      }
    }
    expect(json.faces[0].box.x / factor).toBeCloseTo(box.x, 0);
    // An error about a box counts in the pixels that were sent, or says that it doesn't.
    const beside = await post("/landmarks?box=4040,0,9,9", "image/jpeg", file);
    expect(beside.json.error.message).toContain("of 4032 × 4032 was read at 1/");
  });

  it("says how far to shrink what is too large, and takes it then", async () => {
    const large = photo.clone().resize(4000, 3000, { fit: "fill", kernel: "nearest" });
    for (const format of ["png", "webp"] as const) {
      const { status, json } = await post(
        "/landmarks",
        `image/${format}`,
        await large.clone().toFormat(format).toBuffer(),
      );
      expect(status).toBe(413);
      expect(json.error).toMatchObject({
        code: "too_many_pixels",
        message: expect.stringContaining("32 MB"),
      });
      const [, width, height] = /Shrink it to (\d+)×(\d+)/.exec(json.error.message)!;
      expect(Number(width)).toBeGreaterThan(1000);
      const shrunk = await large.clone().resize(Number(width), Number(height)).toFormat(format).toBuffer();
      expect((await post("/landmarks", `image/${format}`, shrunk)).status).toBe(200);
    }
  });

  it.each([0, 1])("keeps images apart that are decoded for the first time, together: %i", async (broken) => {
    const good = await photo.clone().jpeg().toBuffer();
    const bodies = [good, good, good];
    // Whole to its markers, so that the codec has to find out.
    bodies[broken] = Buffer.concat([good.subarray(0, good.length / 2), Buffer.from([0xff, 0xd9])]);
    const damaged = Buffer.from(good);
    damaged.fill(0xff, frameOffset(good) + 20, frameOffset(good) + 60);
    const cold = start();
    try {
      await cold.ready;
      const answers = await Promise.all(
        [...bodies, good.subarray(0, good.length / 2), damaged].map((body) =>
          post("/landmarks", "image/jpeg", body, cold),
        ),
      );
      expect(answers.map(({ status }) => status).slice(0, 3)).toEqual([200, 200, 200]);
      expect(answers.map(({ status }) => status).slice(3)).toEqual([422, 422]);
    } finally {
      await cold.dispose();
    }
  });

  it("answers a batch image by image, and tells which one is broken", async () => {
    const bytes = await photo.clone().jpeg().toBuffer();
    const form = new FormData();
    form.append("image", new File([new Uint8Array(bytes)], "a.jpg"));
    form.append("image", new File([new Uint8Array(bytes.subarray(0, 9000))], "cut.jpg"));
    form.append("image", new File([new Uint8Array(await photo.clone().png().toBuffer())], "c.png"));
    form.append("request", JSON.stringify({ boxes: [[[110, 60, 150, 150]], [], []] }));
    const encoded = new Response(form);
    const { status, json } = await post(
      "/landmarks",
      encoded.headers.get("content-type")!,
      await encoded.arrayBuffer(),
    );
    expect(status).toBe(200);
    expect(json.images.map(({ name }: { name: string }) => name)).toEqual(["a.jpg", "cut.jpg", "c.png"]);
    expect(json.images[0].faces).toHaveLength(1);
    expect(json.images[0].faces[0].box).toEqual(box);
    expect(json.images[1]).toEqual({
      name: "cut.jpg",
      error: { code: "broken_image", message: expect.any(String) },
    });
    expect(json.images[2].faces).toHaveLength(1);
  });
});

/** Three faces of three sizes on gray, and what of each is known: the box of the face in the photo. */
async function group() {
  const places = [
    { left: 20, top: 30, size: 384 },
    { left: 430, top: 60, size: 260 },
    { left: 500, top: 340, size: 130 },
  ];
  const image = sharp({ create: { width: 720, height: 480, channels: 3, background: "#777" } }).composite(
    await Promise.all(
      places.map(async ({ left, top, size }) => ({
        input: await photo.clone().resize(size, size).png().toBuffer(),
        left,
        top,
      })),
    ),
  );
  const inside = ({ left, top, size }: (typeof places)[number], [x, y]: number[]) => {
    const at = [((x! - left) * 384) / size, ((y! - top) * 384) / size];
    return at[0]! > 140 && at[0]! < 246 && at[1]! > 67 && at[1]! < 179;
  };
  const placeOf = (face: { points: number[][] }) =>
    places.findIndex((place) => face.points.every((point) => inside(place, point)));
  return { image, placeOf };
}

describe("an image without boxes", () => {
  /** A face as the service answers it. */
  const answered = ({ points, normalized, box, score }: Face) =>
    JSON.parse(
      JSON.stringify({ box, points: points.map(({ x, y }) => [x, y]), normalized: [...normalized], score }),
    );
  const raw = async (image: Sharp) => {
    const { data, info } = await image.clone().ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    return {
      data,
      width: info.width,
      height: info.height,
      size: `width=${info.width}&height=${info.height}`,
    };
  };

  it("is searched: all its faces, best first, exactly as the library finds them", async () => {
    const { image, placeOf } = await group();
    const pixels = await raw(image);
    const { status, json } = await post(`/landmarks?${pixels.size}`, "application/octet-stream", pixels.data);
    expect(status).toBe(200);
    expect(json.faces.map(placeOf).sort()).toEqual([0, 1, 2]);
    const scores = json.faces.map(({ score }: Face) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const want = findFaces(pixels, { finder: createFinderSync(), landmarker: createLandmarkerSync() });
    expect(json.faces).toEqual(want.map(answered));
  });

  it("of 12 megapixels is searched at a smaller size and answered in its own pixels", async () => {
    const file = await photo
      .clone()
      .resize(4032, 4032)
      .rotate(-90)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { status, json } = await post("/landmarks", "image/jpeg", file);
    expect(status).toBe(200);
    const { json: small } = await post("/landmarks", "image/png", await photo.clone().png().toBuffer());
    expect([json.faces.length, small.faces.length]).toEqual([1, 1]);
    for (const i of LANDMARK_NAMES.keys()) {
      for (const axis of [0, 1]) {
        const want = small.faces[0].points[i][axis];
        expect(Math.abs(json.faces[0].points[i][axis] / (4032 / 384) - want)).toBeLessThan(1.5);
      }
    }
  });

  it("and without a face is answered with none", async () => {
    const blank = sharp({ create: { width: 300, height: 200, channels: 3, background: "#684" } });
    const { status, json } = await post("/landmarks", "image/jpeg", await blank.jpeg().toBuffer());
    expect(status).toBe(200);
    expect(json).toEqual({ width: 300, height: 200, faces: [] });
  });

  it.each(["whole", "whole=true"])("is one face if you say so: ?%s", async (whole) => {
    const pixels = await raw(photo.clone().extract({ left: 130, top: 60, width: 130, height: 130 }));
    const { json } = await post(
      `/landmarks?${whole}&${pixels.size}`,
      "application/octet-stream",
      pixels.data,
    );
    expect(json.faces).toEqual([answered(createLandmarkerSync().detect(pixels))]);
    expect(json.faces[0].box).toEqual({ x: 0, y: 0, width: 130, height: 130 });
  });

  it("in a batch: boxes, found and whole, image by image", async () => {
    const images = [await photo.clone().jpeg().toBuffer(), await photo.clone().jpeg().toBuffer()];
    const boxes = [[[110, 60, 150, 150]], []];
    const faces = async (request?: object) => {
      const { json } = await postForm({ images, ...(request && { request: JSON.stringify(request) }) });
      return json.images.map((image: { faces: Face[] }) =>
        image.faces.map(({ box: { x, y, width, height } }) => [x, y, width, height]),
      );
    };
    const [found] = await faces();
    expect(found).toHaveLength(1);
    expect(await faces({ boxes })).toEqual([boxes[0], found]);
    expect(await faces({ boxes, whole: false })).toEqual([boxes[0], found]);
    expect(await faces({ boxes, whole: true })).toEqual([boxes[0], [[0, 0, 384, 384]]]);
    expect(await faces({ whole: true })).toEqual(Array(2).fill([[0, 0, 384, 384]]));
  });
});

describe("refusals", () => {
  const jpeg = () => photo.clone().jpeg().toBuffer();
  it("says which types of bodies are read: curl sends that of a form by default", async () => {
    const { json } = await post("/landmarks", "application/x-www-form-urlencoded", await jpeg());
    expect(json.error.message).toMatch(/image\/jpeg.* but is "application\/x-www-form-urlencoded"/);
  });

  it.each<
    [
      string,
      number,
      string,
      () => Promise<{ status: number; json: { error: { code: string; message: string } } }>,
    ]
  >([
    ["a text", 415, "unsupported_type", () => post("/landmarks", "text/plain", "hello")],
    ["an unknown image", 415, "unsupported_image", () => post("/landmarks", "image/jpeg", "no image at all")],
    [
      "a GIF",
      415,
      "unsupported_image",
      async () => post("/landmarks", "image/png", await photo.clone().gif().toBuffer()),
    ],
    [
      "a broken PNG",
      422,
      "broken_image",
      async () => post("/landmarks", "image/png", (await photo.clone().png().toBuffer()).subarray(0, 20_000)),
    ],
    [
      "a broken WebP",
      422,
      "broken_image",
      async () => post("/landmarks", "image/webp", (await photo.clone().webp().toBuffer()).subarray(0, 2000)),
    ],
    [
      "too many pixels",
      413,
      "too_many_pixels",
      async () =>
        post(
          "/landmarks",
          "image/png",
          await sharp({ create: { width: 5000, height: 5000, channels: 3, background: "red" } })
            .png()
            .toBuffer(),
        ),
    ],
    [
      "a CMYK JPEG",
      415,
      "unsupported_image",
      async () =>
        post("/landmarks", "image/jpeg", await photo.clone().toColourspace("cmyk").jpeg().toBuffer()),
    ],
    [
      "a misspelt box",
      400,
      "invalid_request",
      async () => post("/landmarks?bx=1,2,30,40", "image/jpeg", await jpeg()),
    ],
    [
      "a size for an image file",
      400,
      "invalid_request",
      async () => post("/landmarks?width=384", "image/jpeg", await jpeg()),
    ],
    [
      "two expansions",
      400,
      "invalid_request",
      async () => post("/landmarks?expand=1&expand=2", "image/jpeg", await jpeg()),
    ],
    [
      "an empty expansion",
      400,
      "invalid_request",
      async () => post("/landmarks?expand=", "image/jpeg", await jpeg()),
    ],
    [
      "an expansion of no box",
      400,
      "invalid_request",
      async () => post("/landmarks?expand=1.15", "image/jpeg", await jpeg()),
    ],
    [
      "the whole image and a box",
      400,
      "invalid_request",
      async () => post("/landmarks?whole&box=1,2,30,40", "image/jpeg", await jpeg()),
    ],
    [
      "a whole that is neither true nor false",
      400,
      "invalid_request",
      async () => post("/landmarks?whole=1", "image/jpeg", await jpeg()),
    ],
    [
      "too large a body",
      413,
      "body_too_large",
      // Little enough to fit the socket: the Worker answers without reading it.
      () => post("/landmarks", "image/png", new Uint8Array(3000), strict),
    ],
    [
      "too many boxes",
      413,
      "too_many_boxes",
      async () => post(`/landmarks?${"box=0,0,9,9&".repeat(9)}`, "image/jpeg", await jpeg()),
    ],
    [
      "a malformed box",
      400,
      "invalid_request",
      async () => post("/landmarks?box=1,2,three,4", "image/jpeg", await jpeg()),
    ],
    [
      "a box of three numbers",
      400,
      "invalid_request",
      async () => post("/landmarks?box=1,2,3", "image/jpeg", await jpeg()),
    ],
    [
      "a box beside the image",
      422,
      "invalid_image_or_box",
      async () => post("/landmarks?box=9000,0,9,9", "image/jpeg", await jpeg()),
    ],
    [
      "an expansion of 0",
      422,
      "invalid_image_or_box",
      async () => post("/landmarks?box=1,2,30,40&expand=0", "image/jpeg", await jpeg()),
    ],
    [
      "raw pixels without a size",
      400,
      "invalid_request",
      () => post("/landmarks", "application/octet-stream", new Uint8Array(100)),
    ],
    [
      "too few raw pixels",
      422,
      "invalid_image_or_box",
      () => post("/landmarks?width=10&height=10", "application/octet-stream", new Uint8Array(100)),
    ],
    [
      "an unknown format of raw pixels",
      422,
      "invalid_image_or_box",
      () => post("/landmarks?width=2&height=2&format=cmyk", "application/octet-stream", new Uint8Array(16)),
    ],
    ["an empty body", 415, "unsupported_image", () => post("/landmarks", "image/jpeg", new Uint8Array(0))],
    [
      "too many images",
      413,
      "too_many_images",
      async () => postForm({ images: Array(4).fill(await jpeg()) }),
    ],
    [
      "too many boxes in all",
      413,
      "too_many_boxes",
      async () => {
        const boxes = Array(3).fill(Array(3).fill([0, 0, 9, 9]));
        return postForm({ images: Array(3).fill(await jpeg()), request: JSON.stringify({ boxes }) });
      },
    ],
    ["a form without images", 400, "invalid_request", () => postForm({ images: [], request: "{}" })],
    [
      "a form with a part that isn't known",
      400,
      "invalid_request",
      async () => postForm({ images: [await jpeg()], part: "boxes" }),
    ],
    [
      "a form with a query",
      400,
      "invalid_request",
      async () => postForm({ images: [await jpeg()], query: "?expand=1.15" }),
    ],
    [
      "a form that can't be parsed",
      400,
      "invalid_request",
      () => post("/landmarks", "multipart/form-data", "x"),
    ],
    ...(
      [
        ["that isn't JSON", "boxes"],
        ["with boxes for other images", '{"boxes":[[],[]]}'],
        ["with a box of text", '{"boxes":[["1,2,3,4"]]}'],
        ["with an expansion of text", '{"boxes":[[[0,0,9,9]]],"expand":"1.15"}'],
        ["with an expansion of no box", '{"expand":1.15}'],
        ["with a whole of text", '{"whole":"true"}'],
        ["of the whole image and a box", '{"boxes":[[[0,0,9,9]]],"whole":true}'],
        ["whose boxes are no list", '{"boxes":7}'],
        ["of a misspelt key", '{"box":[[[0,0,9,9]]]}'],
        ["that is a list", "[[[0,0,9,9]]]"],
        ["that is null", "null"],
      ] as const
    ).map(
      ([what, request]) =>
        [
          `a request ${what}`,
          400,
          "invalid_request",
          async () => postForm({ images: [await jpeg()], request }),
        ] as [string, number, string, () => ReturnType<typeof post>],
    ),
    ["a GET", 405, "method_not_allowed", () => send("/landmarks")],
    ["another path", 404, "not_found", () => send("/faces")],
  ])("%s → %i %s", async (_, status, code, call) => {
    const answer = await call();
    expect(answer.json.error).toMatchObject({ code, message: expect.stringMatching(/\.$/) });
    expect(answer.status).toBe(status);
  });
});

describe("memory", () => {
  const wasmBytes = async (counted: Miniflare) =>
    (await (await counted.dispatchFetch("http://localhost/wasm-bytes")).json()) as number;

  /** What the codec's memory has grown to in a fresh isolate. */
  async function decodeFresh(file: Uint8Array, bindings: Record<string, string> = VARS) {
    const counted = startCounted(dist, { bindings });
    try {
      await counted.ready;
      const before = await wasmBytes(counted);
      const { status, json } = await post("/landmarks", "image/jpeg", file, counted);
      return { status, json, bytes: (await wasmBytes(counted)) - before };
    } finally {
      await counted.dispose();
    }
  }

  const roomy = { ...VARS, MAX_DECODE_BYTES: "100000000" };
  const large = photo.clone().resize(1500, 1200, { fit: "fill" });
  const transparent = () =>
    large.clone().composite([
      {
        input: Buffer.from('<svg width="1500" height="1200"><circle cx="700" cy="700" r="600"/></svg>'),
        blend: "dest-in",
      },
    ]);
  it.each<[string, number, () => Promise<Buffer>]>([
    ["JPEG", 3, () => large.clone().jpeg().toBuffer()],
    ["gray JPEG", 3, () => large.clone().grayscale().jpeg().toBuffer()],
    ["progressive JPEG", 3, () => large.clone().jpeg({ progressive: true }).toBuffer()],
    [
      "progressive JPEG, 4:4:4",
      3,
      () => large.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
    ],
    [
      "JPEG of 60,000 columns",
      3,
      () => large.clone().resize(60_000, 40, { fit: "fill" }).jpeg({ chromaSubsampling: "4:4:4" }).toBuffer(),
    ],
    ["RGB PNG", 4, () => large.clone().png().toBuffer()],
    ["gray PNG", 4, () => large.clone().grayscale().png().toBuffer()],
    [
      "transparent PNG of 16 bits",
      4,
      () => large.clone().ensureAlpha(0.5).toColourspace("rgb16").png().toBuffer(),
    ],
    [
      "interlaced PNG of 16 bits",
      4,
      () => large.clone().toColourspace("rgb16").png({ progressive: true }).toBuffer(),
    ],
    ["PNG of a palette", 4, () => large.clone().png({ palette: true }).toBuffer()],
    ["lossy WebP", 4, () => large.clone().webp().toBuffer()],
    ["transparent WebP", 4, () => transparent().webp().toBuffer()],
    ["lossless WebP", 4, () => large.clone().webp({ lossless: true }).toBuffer()],
    ["lossless transparent WebP", 4, () => transparent().webp({ lossless: true }).toBuffer()],
  ])("a %s takes what its header says, and not much less", async (_, channels, encode) => {
    const file = await encode();
    const header = readHeader(file);
    const { status, bytes } = await decodeFresh(file, roomy);
    expect(status).toBe(200);
    const taken = bytes + channels * header.width * header.height;
    expect(taken).toBeLessThanOrEqual(header.memory(1));
    expect(taken).toBeGreaterThan(0.55 * header.memory(1));
  });

  it("isn't deceived by a comment: a JPEG of 36 megapixels stays within the limit", async () => {
    const blank = { width: 6000, height: 6000, channels: 3, background: "#654" } as const;
    const { status, json, bytes } = await decodeFresh(
      disguised(await sharp({ create: blank }).jpeg().toBuffer()),
    );
    expect(status).toBe(200);
    expect([json.width, json.height]).toEqual([6000, 6000]);
    expect(bytes).toBeLessThan(Number(VARS.MAX_DECODE_BYTES));
  });

  it.each<[string, number, () => Buffer | Promise<Buffer>]>([
    ["a lossless WebP of 65,536 code tables", 413, () => tableBomb(1024)],
    ["a PNG whose data go on for 200 MB", 200, () => png(64, 64, 200e6)],
    ["a PNG whose colour profile unpacks to 60 MB", 200, () => withChunks(png(64, 64), profileBomb(60e6))],
    [
      "a progressive JPEG of 400 megapixels",
      413,
      () =>
        Buffer.concat([
          Buffer.from([0xff, 0xd8]),
          segment(0xc2, frame(20_000, 20_000)),
          segment(0xda, Buffer.from([1, 1, 0, 0, 0, 0])),
          Buffer.from([0xff, 0xd9]),
        ]),
    ],
    [
      "a JPEG of 400 megapixels, one scan for each channel",
      413,
      () =>
        Buffer.concat([
          Buffer.from([0xff, 0xd8]),
          segment(0xc0, frame(20_000, 20_000)),
          segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
          Buffer.from([0xff, 0xd9]),
        ]),
    ],
    ["a PNG of 400 megapixels", 413, () => png(20_000, 20_000, 1000)],
  ])("stays within the limit for %s", async (_, want, file) => {
    const { status, bytes } = await decodeFresh(await file());
    expect(status).toBe(want);
    expect(bytes).toBeLessThan(Number(VARS.MAX_DECODE_BYTES));
  });

  it.each(["jpeg", "png", "webp"] as const)("isn't lost to broken images: %s", async (format) => {
    const file = Buffer.from(await large.clone().toFormat(format).toBuffer());
    file.fill(0xfe, 300, file.length - 40); // between the headers and the end
    const counted = startCounted(dist, { bindings: VARS });
    try {
      await counted.ready;
      const good = await large.clone().toFormat(format).toBuffer();
      const once = async (body: Uint8Array) =>
        (await post("/landmarks", `image/${format}`, body, counted)).status;
      expect(await once(good)).toBe(200);
      const before = await isolateBytes(counted);
      for (let i = 0; i < 30; i++) await once(file);
      expect(await once(good)).toBe(200);
      expect((await isolateBytes(counted)) - before).toBeLessThan(2e6);
    } finally {
      await counted.dispose();
    }
  });
});

describe("the service", () => {
  it("says which Node its tools need", () => {
    const engines = (folder: string) =>
      JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).engines.node;
    const needed = engines(`${folder}/node_modules/wrangler`);
    for (const example of [EXAMPLE, "examples/bulk"]) {
      expect(`${engines(example)}.0`).toBe(needed);
      expect(readFileSync(`${example}/README.md`, "utf8")).toContain(
        `Node ${engines(example).slice(2)} or newer`,
      );
    }
  });

  it("has right types", () => {
    expect(execFileSync("npm", ["run", "--silent", "typecheck"], { cwd: folder, encoding: "utf8" })).toBe("");
  });

  it("answers the requests of README", async () => {
    const { image } = await group();
    const place = mkdtempSync(join(tmpdir(), "fivepoint-readme-"));
    try {
      await image.clone().jpeg().toFile(join(place, "photo.jpg"));
      await photo
        .clone()
        .extract({ left: 130, top: 60, width: 130, height: 130 })
        .toFile(join(place, "face.jpg"));
      await photo.clone().toFile(join(place, "a.jpg"));
      await photo.clone().png().toFile(join(place, "b.png"));
      const readme = readFileSync(`${EXAMPLE}/README.md`, "utf8");
      const counts: number[][] = [];
      for (const [command] of readme.matchAll(/^curl .* '?http:\/\/localhost:8787.*$/gm)) {
        const line = command.replace("http://localhost:8787/", String(await worker.ready));
        const { stdout } = await promisify(exec)(line, { cwd: place });
        const json = JSON.parse(stdout);
        const images: { faces: unknown[] }[] = json.images ?? [json];
        counts.push(images.map(({ faces }) => faces.length));
      }
      expect(counts).toEqual([[3], [2], [1], [1, 1]]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it("answers 400 requests, eight at once, all alike", async () => {
    const bytes = await photo.clone().jpeg().toBuffer();
    const answers = new Set<string>();
    let left = 400;
    const caller = async () => {
      while (left-- > 0) {
        const { status, json } = await post(`/landmarks${query}`, "image/jpeg", bytes);
        answers.add(JSON.stringify([status, json]));
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    expect(answers.size).toBe(1);
    expect([...answers][0]).toMatch(/^\[200,/);
  });

  it("names a parameter that is missing", async () => {
    const raw = await post("/landmarks?height=9", "application/octet-stream", new Uint8Array(9));
    expect(raw.json.error.message).toMatch(/^width is missing/);
    const { json } = await post("/landmarks?bx=1,2,3,4", "image/jpeg", await photo.clone().jpeg().toBuffer());
    expect(json.error.message).toMatch(/"bx".*box, expand, whole/);
  });

  it.each(["MAX_BODY_BYTES", "MAX_DECODE_BYTES", "MAX_BOXES", "MAX_IMAGES"])(
    "doesn't serve without the limit %s",
    async (name) => {
      for (const value of ["", "many", "-1"]) {
        const open = start({ [name]: value });
        try {
          const { status } = await post(
            "/landmarks",
            "image/jpeg",
            await photo.clone().jpeg().toBuffer(),
            open,
          );
          expect(status).toBe(500);
        } finally {
          await open.dispose();
        }
      }
    },
  );

  it("holds little of an isolate's 128 MB after images as large as it takes, and no more after 1,000 requests", async () => {
    const counted = startCounted(dist, { bindings: VARS });
    try {
      const url = new URL("landmarks", await counted.ready);
      const sizes: Record<string, [number, number]> = {
        jpeg: [2300, 2200],
        png: [1400, 1400],
        webp: [1400, 1400],
      };
      for (const format of ["jpeg", "png", "webp"] as const) {
        const file = await photo
          .clone()
          .ensureAlpha(0.5)
          .resize(...sizes[format]!, { fit: "fill", kernel: "nearest" })
          .toFormat(format)
          .toBuffer();
        expect(readHeader(file).memory(1)).toBeLessThan(Number(VARS.MAX_DECODE_BYTES));
        expect(readHeader(file).memory(1)).toBeGreaterThan(0.85 * Number(VARS.MAX_DECODE_BYTES));
        const { status } = await fetch(url, {
          method: "POST",
          headers: { "content-type": `image/${format}` },
          body: new Uint8Array(file),
        });
        expect(status).toBe(200);
      }
      const crop = new Uint8Array(await photo.clone().resize(96, 96).jpeg().toBuffer());
      expect((await load(url, crop, 1000)).errors).toBe(0);
      const before = await isolateBytes(counted);
      expect((await load(url, crop, 1000)).errors).toBe(0);
      const after = await isolateBytes(counted);
      expect(after - before).toBeLessThan(100_000);
      // Beside what it keeps, a request needs the body, a file of it, and what decoding takes.
      expect(after + 2 * Number(VARS.MAX_BODY_BYTES) + Number(VARS.MAX_DECODE_BYTES)).toBeLessThan(110e6);
    } finally {
      await counted.dispose();
    }
  });

  it("carries at most what package.json allows a Worker with both networks, before codecs", () => {
    const { budgets } = JSON.parse(readFileSync("package.json", "utf8"));
    const files = readdirSync(dist).filter((name) => /\.js$|(model|finder).*\.wasm$/.test(name));
    const bytes = files.reduce((sum, name) => sum + statSync(`${dist}/${name}`).size, 0);
    expect(files).toHaveLength(5);
    expect(bytes).toBeLessThanOrEqual(budgets.workerWithFinder);
  });

  it("logs what happened as JSON, and nothing of the image", async () => {
    let log = "";
    const logged = startWorker(bundledModules(dist), {
      bindings: { ...LIMITS, CORS_ORIGIN: "" },
      handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
        stdout.on("data", (text) => (log += text));
        stderr.resume();
      },
    });
    try {
      const bytes = await photo.clone().jpeg().toBuffer();
      const url = new URL(`landmarks${query}`, await logged.ready);
      await fetch(url, {
        method: "POST",
        headers: { "content-type": "image/jpeg" },
        body: new Uint8Array(bytes),
      });
      await expect.poll(() => log).toContain("\n");
      const [line] = log.split("\n");
      expect(JSON.parse(line!)).toEqual({
        event: "request",
        method: "POST",
        path: "/landmarks",
        status: 200,
        type: "image/jpeg",
        bytes: bytes.length,
        ms: expect.any(Number),
      });
    } finally {
      await logged.dispose();
    }
  });

  it("tells its health and describes itself", async () => {
    const { json } = await send("/health");
    const { info } = createLandmarkerSync();
    expect(json).toEqual({ status: "ok", ...info, finder: createFinderSync().info });
    expect(json).toMatchObject({ precision: "f32", simd: "relaxed", finder: { simd: "relaxed" } });
    const { json: document } = await send("/openapi.json");
    expect(document).toEqual(openapi);
    expect(await new Validator().validate(document)).toEqual({ valid: true });
  });

  it("asks for the token when it has one, and lets one origin in", async () => {
    const guarded = start({ TOKEN, CORS_ORIGIN: "https://example.com" });
    try {
      const bytes = await photo.clone().jpeg().toBuffer();
      const call = (headers: Record<string, string>) =>
        send(
          "/landmarks",
          { method: "POST", headers: { "content-type": "image/jpeg", ...headers }, body: bytes },
          guarded,
        );
      expect(await call({})).toMatchObject({ status: 401, json: { error: { code: "unauthorized" } } });
      expect((await call({ authorization: "Bearer wrong" })).status).toBe(401);
      expect(await call({ authorization: `Basic ${TOKEN}` })).toMatchObject({
        status: 400,
        json: { error: { code: "unauthorized" } },
      });
      const answer = await call({ authorization: `Bearer ${TOKEN}`, origin: "https://example.com" });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://example.com");
      // A page is told what is wrong, too.
      const refused = await call({ origin: "https://example.com" });
      expect(refused.headers.get("access-control-allow-origin")).toBe("https://example.com");
      const elsewhere = await call({ authorization: `Bearer ${TOKEN}`, origin: "https://elsewhere.example" });
      expect(elsewhere.headers.get("access-control-allow-origin")).toBe(null);
      const preflight = await guarded.dispatchFetch("http://localhost/landmarks", {
        method: "OPTIONS",
        headers: {
          origin: "https://example.com",
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
      expect(preflight.headers.get("access-control-allow-headers")).toBe("authorization,content-type");
      expect((await send("/health", {}, guarded)).status).toBe(200);
    } finally {
      await guarded.dispose();
    }
  });

  it("has given every error that openapi.json names", () => {
    const { code } = openapi.components.schemas.Error.properties.error.properties;
    expect([...met].sort()).toEqual([...code.enum].sort());
  });
});
