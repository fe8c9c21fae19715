// Reads images in every form that a page holds them in. What comes out is compared here and told to the server.
import { send } from "/send.mjs";

if (location.search === "?without-frames") delete globalThis.VideoFrame;
let canvases = 0;
const Canvas = OffscreenCanvas;
globalThis.OffscreenCanvas = class extends Canvas {
  constructor(width, height) {
    super(width, height);
    canvases++;
  }
};
const { readImage } = await import("/dist/web.js"); // after it: it makes its canvas by that name

const get = async (path) => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
};
const bytes = async (path) => new Uint8Array(await (await get(path)).arrayBuffer());

/** Where red, green and blue lie in a pixel, and how many bytes it has. */
const ORDER = { rgba: [0, 1, 2, 4], bgra: [2, 1, 0, 4], bgr: [2, 1, 0, 3] };

/** An image's size and format, and the largest difference of its colours from RGB bytes without gaps. */
function compare({ data, width, height, format = "rgba", stride }, want) {
  const [red, green, blue, step] = ORDER[format];
  let most = width * height * 3 === want.length ? 0 : Number.NaN;
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (stride ?? width * step) + x * step;
      for (const c of [red, green, blue]) {
        const difference = Math.abs(data[at + c] - want[i++]);
        if (!(difference <= most)) most = difference;
      }
    }
  }
  return { size: `${width}×${height}`, format, most };
}

async function element(path) {
  const image = Object.assign(new Image(), { src: path });
  await image.decode();
  return image;
}
function drawn(canvas, picture) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas;
}
const canvasOf = (picture) => drawn(document.createElement("canvas"), picture);
async function dataOf(path) {
  const canvas = canvasOf(await element(path));
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
}

/** A video that shows a canvas, undefined where the browser plays none. */
async function video(canvas) {
  if (!canvas.captureStream) return undefined;
  const it = Object.assign(document.createElement("video"), { muted: true });
  const loaded = new Promise((done) => it.addEventListener("loadeddata", () => done(it)));
  it.srcObject = canvas.captureStream();
  it.play().catch(() => {});
  return Promise.race([loaded, new Promise((done) => setTimeout(done, 5000))]);
}

/** A frame of 8 × 4 pixels, red 200 + x + 8y, green 100 less and blue 150 less. */
function frame({ format, alpha = 255, ...init }) {
  const order = format.startsWith("RGB") ? [200, 100, 50] : [50, 100, 200];
  const data = Array.from({ length: 32 }, (_, i) => [...order.map((v) => v + i), alpha]).flat();
  return new VideoFrame(new Uint8Array(data), {
    format,
    codedWidth: 8,
    codedHeight: 4,
    timestamp: 0,
    ...init,
  });
}

/** RGB bytes of an image whose pixel (x, y) is that of a frame at `from(x, y)`. */
function pixels(width, height, from) {
  const of = (i) => from(i % width, Math.floor(i / width));
  return Array.from({ length: width * height }, (_, i) => of(i)).flatMap(([x, y]) =>
    [200, 100, 50].map((v) => v + x + 8 * y),
  );
}
const whole = pixels(8, 4, (x, y) => [x, y]);

/** Frames of one plane, and what they show. */
const FRAMES = {
  RGBA: [{ format: "RGBA", alpha: 77 }, whole],
  RGBX: [{ format: "RGBX" }, whole],
  BGRA: [{ format: "BGRA", alpha: 77 }, whole],
  BGRX: [{ format: "BGRX" }, whole],
  "a part of BGRX": [
    { format: "BGRX", visibleRect: { x: 2, y: 1, width: 5, height: 2 } },
    pixels(5, 2, (x, y) => [x + 2, y + 1]),
  ],
  "BGRX, rotated": [{ format: "BGRX", rotation: 90 }, pixels(4, 8, (x, y) => [y, 3 - x])],
  "BGRX, rotated by half": [{ format: "BGRX", rotation: 180 }, pixels(8, 4, (x, y) => [7 - x, 3 - y])],
  "BGRX, mirrored": [{ format: "BGRX", flip: true }, pixels(8, 4, (x, y) => [7 - x, y])],
};

/** A frame of one colour in two planes or three, limited range of BT.709. */
function yuv(format, [y, u, v]) {
  const chroma = format === "NV12" ? Array.from({ length: 32 }, (_, i) => (i % 2 ? v : u)) : null;
  const planes = chroma ?? [...Array(16).fill(u), ...Array(16).fill(v)];
  const colorSpace = { matrix: "bt709", primaries: "bt709", transfer: "bt709", fullRange: false };
  const data = new Uint8Array([...Array(64).fill(y), ...planes]);
  return new VideoFrame(data, { format, codedWidth: 8, codedHeight: 8, timestamp: 0, colorSpace });
}

/** The forms in which a page may hold the image of a file. */
const FORMS = {
  Blob: async (path) => new Blob([await bytes(path)]),
  File: async (path) => new File([await bytes(path)], "photo", { type: "image/jpeg" }),
  Response: get,
  HTMLImageElement: element,
  ImageBitmap: async (path) => createImageBitmap(await element(path)),
  HTMLCanvasElement: async (path) => canvasOf(await element(path)),
  OffscreenCanvas: async (path) => drawn(new Canvas(1, 1), await element(path)),
  ImageData: dataOf,
  HTMLVideoElement: async (path) => video(canvasOf(await element(path))),
  VideoFrame: async (path) => globalThis.VideoFrame && new VideoFrame(await element(path), { timestamp: 0 }),
};

const { files, photo, mixed } = await (await get("/cases.json")).json();

async function read() {
  const report = {};
  for (const { name, form, path, want, maxSide } of files) {
    const held = await FORMS[form](path);
    report[name] = held ? compare(await readImage(held, { maxSide }), await bytes(want)) : "none";
  }
  return report;
}

async function readFrames() {
  const report = {};
  if (!globalThis.VideoFrame) return report;
  for (const [name, [init, want]] of Object.entries(FRAMES)) {
    const held = frame(init);
    // Some browsers don't know these two yet.
    const isIgnored = (init.rotation && !held.rotation) || (init.flip && !held.flip);
    report[name] = isIgnored ? "none" : compare(await readImage(held), want);
    if (held.format === null) throw new Error(`${name} was closed`);
    held.close();
  }
  for (const format of ["I420", "NV12"]) {
    const held = yuv(format, [121, 118, 140]);
    report[format] = [...(await readImage(held)).data.subarray(4 * 27, 4 * 27 + 3)];
    held.close();
  }
  return report;
}

const message = (attempt) =>
  attempt().then(
    () => "none",
    (error) => `${error.name}: ${error.message}`,
  );

async function refuse() {
  const moved = await createImageBitmap(await element(photo));
  structuredClone(moved, { transfer: [moved] });
  const transferred = new Canvas(4, 4);
  structuredClone(transferred, { transfer: [transferred] });
  const closed = await createImageBitmap(await element(photo));
  closed.close();
  const broken = Object.assign(new Image(), { src: "/nothing" });
  await broken.decode().catch(() => {});
  const used = await get(photo);
  await used.arrayBuffer();
  const foreign = await element(`http://localhost:${location.port}${photo}`);
  const sources = {
    null: null,
    "a path": photo,
    "a promise": fetch(photo),
    "an element": document.body,
    "bytes of a file": await bytes(photo),
    "an image that loads": () => Object.assign(new Image(), { src: `${photo}?again` }),
    "a broken image": broken,
    "a video without a frame": document.createElement("video"),
    "an empty canvas": Object.assign(document.createElement("canvas"), { width: 0 }),
    "a transferred canvas": transferred,
    "a closed bitmap": closed,
    "a transferred bitmap": moved,
    "another file": new Blob(["no image"], { type: "text/plain" }),
    "an empty file": new Blob([]),
    "a missing file": await fetch("/nothing"),
    "a read response": used,
    "a foreign image": foreign,
    "few pixels": { data: new Uint8Array(3), width: 2, height: 2 },
  };
  if (globalThis.VideoFrame) {
    sources["a closed frame"] = frame({ format: "RGBX" });
    sources["a closed frame"].close();
  }
  const report = {};
  for (const [name, source] of Object.entries(sources))
    report[name] = await message(() => readImage(typeof source === "function" ? source() : source));
  report["no side"] = await message(() => readImage(foreign, { maxSide: 0 }));
  report["another option"] = await message(() => readImage(foreign, { maxside: 9 }));
  return report;
}

/** Images of several sizes, opaque ones and clear ones, all read at a time. */
async function together() {
  const held = [];
  for (const form of ["Blob", "HTMLImageElement", "ImageBitmap", "HTMLCanvasElement"])
    for (const { path, want } of mixed)
      held.push({ source: await FORMS[form](path), want: await bytes(want) });
  const images = await Promise.all(held.map(({ source }) => readImage(source)));
  return images.map((image, i) => compare(image, held[i].want).most);
}

async function run() {
  const report = {
    read: await read(),
    frames: await readFrames(),
    errors: await refuse(),
    together: await together(),
  };
  const data = await dataOf(photo);
  const bgr = { data: new Uint8Array(60), width: 4, height: 5, format: "bgr" };
  report.passed = [(await readImage(data)) === data, (await readImage(bgr, { maxSide: 5 })) === bgr];
  let wide = null;
  try {
    wide = new ImageData(1, 1, { colorSpace: "display-p3" });
  } catch {} // not every browser has them
  if (wide?.colorSpace === "display-p3") {
    wide.data.set([100, 150, 200, 255]);
    report.wide = [...(await readImage(wide)).data];
  }
  // What a canvas shows when it is asked for.
  const canvas = canvasOf(await element(photo));
  const before = readImage(canvas);
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  report.atOnce = compare(await before, await bytes(mixed[0].want)).most;
  report.canvases = canvases;
  return report;
}
send(run());
