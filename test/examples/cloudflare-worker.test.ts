/** The Worker example, bundled by wrangler and run in the real workerd. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { createLandmarkerSync, LANDMARK_NAMES } from "fivepoint";
import type { Miniflare } from "miniflare";
import sharp from "sharp";
import { readConfigFile } from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundledModules, startWorker } from "../support/miniflare.ts";
import { isolateBytes, load, startCounted } from "../support/workerd.ts";

const EXAMPLE = "examples/cloudflare-worker";
const DIST = `${EXAMPLE}/dist`;
const TOKEN = "c2VjcmV0-of.the~test";
const LIMITS = { MAX_BODY_BYTES: "2000000", MAX_PIXELS: "200000", MAX_BOXES: "8", MAX_IMAGES: "3" };

const photo = sharp("examples/astronaut.jpg");
const box = { x: 110, y: 60, width: 150, height: 150 };
const query = `?box=${box.x},${box.y},${box.width},${box.height}`;

let worker: Miniflare;
let strict: Miniflare;
const start = (bindings: Record<string, string> = {}) =>
  startWorker(bundledModules(DIST), { bindings: { ...LIMITS, CORS_ORIGIN: "", ...bindings } });

beforeAll(async () => {
  const npm = (...args: string[]) => execFileSync("npm", args, { cwd: EXAMPLE, stdio: "pipe" });
  if (!existsSync(`${EXAMPLE}/node_modules/wrangler`))
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  rmSync(DIST, { recursive: true, force: true }); // wrangler leaves modules of earlier builds there
  npm("run", "build");
  worker = start();
  strict = start({ MAX_BODY_BYTES: "1000" });
  await Promise.all([worker.ready, strict.ready]);
}, 300_000);
afterAll(() => Promise.all([worker?.dispose(), strict?.dispose()]));

const openapi = JSON.parse(readFileSync(`${EXAMPLE}/openapi.json`, "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(openapi, "openapi.json");

const met = new Set<string>();

/** An answer is one that openapi.json describes for its status; other paths and methods get the error that it describes. */
function checkAgainstDocument(method: string, path: string, status: number, json: unknown): void {
  const operation = openapi.paths[path]?.[method.toLowerCase()];
  if (operation) expect(Object.keys(operation.responses)).toContain(String(status));
  const place = operation
    ? `paths/${path.replaceAll("/", "~1")}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`
    : "components/schemas/Error";
  const validate = ajv.compile({ $ref: `openapi.json#/${place}` });
  validate(json);
  expect(validate.errors).toBe(null);
  const code = (json as { error?: { code: string } }).error?.code;
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
async function postForm({ images, request }: { images: Uint8Array[]; request?: string }) {
  const form = new FormData();
  for (const [i, bytes] of images.entries())
    form.append("image", new File([new Uint8Array(bytes)], `${i}.jpg`));
  if (images.length === 0) form.append("note", "no image");
  if (request) form.append("request", request);
  const encoded = new Response(form);
  return post("/landmarks", encoded.headers.get("content-type")!, await encoded.arrayBuffer());
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
      LANDMARK_NAMES.forEach((name, i) => {
        expect(Math.abs(json.faces[0].points[name][0] - face.points[i]!.x)).toBeLessThan(0.5);
        expect(Math.abs(json.faces[0].points[name][1] - face.points[i]!.y)).toBeLessThan(0.5);
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
      expect(json.faces[i].box).toEqual([face.box.x, face.box.y, face.box.width, face.box.height]);
    });
  });

  it("turns a photo by its EXIF orientation", async () => {
    const upright = await photo.clone().jpeg({ quality: 95 }).toBuffer();
    const turned = await sharp(upright)
      .rotate(-90)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 95 })
      .toBuffer();
    const a = await post(`/landmarks${query}`, "image/jpeg", upright);
    const b = await post(`/landmarks${query}`, "image/jpeg", turned);
    expect([b.json.width, b.json.height]).toEqual([a.json.width, a.json.height]);
    for (const name of LANDMARK_NAMES) {
      expect(Math.abs(a.json.faces[0].points[name][0] - b.json.faces[0].points[name][0])).toBeLessThan(1.5);
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
    expect(json.images[1]).toEqual({
      name: "cut.jpg",
      error: { code: "broken_image", message: expect.any(String) },
    });
    expect(json.images[2].faces).toHaveLength(1);
  });
});

describe("refusals", () => {
  const jpeg = () => photo.clone().jpeg().toBuffer();
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
      async () => post("/landmarks?expand=0", "image/jpeg", await jpeg()),
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
    [
      "too many raw pixels",
      413,
      "too_many_pixels",
      () => post("/landmarks?width=4000&height=4000", "application/octet-stream", new Uint8Array(16)),
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
    ["a form without images", 400, "invalid_request", () => postForm({ images: [] })],
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
        ["with an expansion of text", '{"expand":"1.15"}'],
        ["whose boxes are no list", '{"boxes":7}'],
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

describe("the service", () => {
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

  it("holds little of an isolate's 128 MB after pictures as large as it takes, and no more after 1,000 requests", async () => {
    const { config } = readConfigFile(`${EXAMPLE}/wrangler.jsonc`, (path) => readFileSync(path, "utf8"));
    const vars = config.vars as Record<string, string>;
    const counted = startCounted(DIST, { bindings: vars });
    try {
      const url = new URL("landmarks", await counted.ready);
      const pixels = Number(vars.MAX_PIXELS);
      const large = photo.clone().resize(1500, pixels / 1500, { fit: "fill" });
      for (const format of ["jpeg", "png", "webp"] as const) {
        const body = new Uint8Array(await large.clone().toFormat(format).toBuffer());
        const { status } = await fetch(url, {
          method: "POST",
          headers: { "content-type": `image/${format}` },
          body,
        });
        expect(status).toBe(200);
      }
      const crop = new Uint8Array(await photo.clone().resize(96, 96).jpeg().toBuffer());
      expect((await load(url, crop, 1000)).errors).toBe(0);
      const before = await isolateBytes(counted);
      expect((await load(url, crop, 1000)).errors).toBe(0);
      const after = await isolateBytes(counted);
      expect(after - before).toBeLessThan(100_000);
      // Beside what it keeps, a request needs the body, a file of it, and the decoded picture.
      expect(after + 2 * Number(vars.MAX_BODY_BYTES) + 4 * pixels).toBeLessThan(100e6);
    } finally {
      await counted.dispose();
    }
  });

  it("carries at most what package.json allows a Worker, before codecs", () => {
    const { budgets } = JSON.parse(readFileSync("package.json", "utf8"));
    const files = readdirSync(DIST).filter((name) => /\.js$|model.*\.wasm$/.test(name));
    const bytes = files.reduce((sum, name) => sum + statSync(`${DIST}/${name}`).size, 0);
    expect(files).toHaveLength(3);
    expect(bytes).toBeLessThanOrEqual(budgets.worker);
  });

  it("logs what happened as JSON, and nothing of the picture", async () => {
    let log = "";
    const logged = startWorker(bundledModules(DIST), {
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
    expect(json).toMatchObject({ status: "ok", precision: "f32", simd: "relaxed" });
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

  it("has given every error that openapi.json names, but the one for its own faults", () => {
    const { code } = openapi.components.schemas.Error.properties.error.properties;
    expect([...met, "internal"].sort()).toEqual([...code.enum].sort());
  });
});
