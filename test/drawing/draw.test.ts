/** Drawn faces, as their pixels show them: SVG by sharp, and a canvas and an SVG element in Chromium. */
import type { Point } from "fivepoint";
import { type DrawnFace, type DrawOptions, drawFace, faceSvg, POINT_COLOURS } from "fivepoint/draw";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faceMarks } from "../../src/drawing/face.ts";
import { markSvg } from "../../src/drawing/marks.ts";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { contrast } from "../support/contrast.ts";
import { random } from "../support/random.ts";
import { serveFolder } from "../support/serve.ts";

const SIZE = { width: 400, height: 300 };
/** A face like those that are found, in a box of some size. */
function faceIn(x: number, y: number, side: number, shift = 0) {
  const at = [
    [0.31, 0.35],
    [0.69, 0.35],
    [0.5, 0.57],
    [0.36, 0.76],
    [0.66, 0.76],
  ] as const;
  const points: Point[] = at.map(([u, v]) => ({ x: x + side * (u + shift), y: y + side * v }));
  return { box: { x, y, width: side, height: side }, points, score: 0.987 };
}

const documentOf = (content: string, { width, height } = SIZE) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;

/** RGBA pixels of SVG content, on a background or on none. */
async function render(content: string, size = SIZE, background?: string) {
  const image = sharp(Buffer.from(documentOf(content, size)));
  const { data } = await (background ? image.flatten({ background }) : image)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return (x: number, y: number) => {
    const from = 4 * (Math.floor(y) * size.width + Math.floor(x));
    return [data[from], data[from + 1], data[from + 2], data[from + 3]] as [number, number, number, number];
  };
}

const rgb = (hex: string) => [1, 3, 5].map((from) => Number.parseInt(hex.slice(from, from + 2), 16));
const css = (colour: readonly number[]) => `rgb(${colour.slice(0, 3).join(", ")})`;

describe("faceSvg", () => {
  const face = faceIn(120, 80, 160);

  it("has a dot in its colour at each point, which moves and grows with scale", async () => {
    for (const scale of [1, 0.5, 2]) {
      const size = { width: SIZE.width * scale, height: SIZE.height * scale };
      const pixel = await render(faceSvg(face, { scale, size }), size);
      face.points.forEach(({ x, y }, i) => {
        expect(pixel(scale * x, scale * y)).toEqual([...rgb(POINT_COLOURS[i]!), 255]);
      });
    }
  });

  it.each(["#000000", "#ffffff", "#808080", "#56b4e9", "#d55e00", "#e8b89a", "#4a2c20"])(
    "can be told from an image in %s: box and dots have pixels of enough contrast",
    async (background) => {
      const pixel = await render(faceSvg(face, { size: SIZE }), SIZE, background);
      const across = (x: number, y: number) =>
        Array.from({ length: 17 }, (_, i) => contrast(css(pixel(x + i - 8, y)), css(rgb(background))));
      expect(Math.max(...across(face.box.x, 200))).toBeGreaterThan(3); // WCAG's least for graphics
      for (const { x, y } of face.points) expect(Math.max(...across(x, y))).toBeGreaterThan(3);
    },
  );

  it("draws what the face has", async () => {
    const box = await render(faceSvg({ box: face.box }));
    expect(box(face.box.x, 200)[3]).toBe(255);
    expect(face.points.map(({ x, y }) => box(x, y)[3])).toEqual([0, 0, 0, 0, 0]);
    const points = await render(faceSvg({ points: face.points }));
    expect(points(face.box.x, 200)[3]).toBe(0);
    expect(face.points.map(({ x, y }) => points(x, y)[3])).toEqual([255, 255, 255, 255, 255]);
    const dashed = await render(faceSvg({ box: face.box }, { dashed: true }));
    const reds = Array.from({ length: 120 }, (_, i) => dashed(face.box.x, 100 + i)[0]);
    expect(Math.min(...reds)).toBeLessThan(60); // the dark line below between two dashes
    expect(Math.max(...reds)).toBeGreaterThan(240);
  });

  it("writes the numbers of the points, and number and score at the box, only where asked and large enough", () => {
    const texts = (drawn: DrawnFace, options?: DrawOptions) =>
      faceMarks(drawn, options).filter(({ fill }) => !fill);
    expect(texts(face)).toHaveLength(1 + 5);
    expect(texts(face, { number: 3 })).toHaveLength(1 + 5 + 1);
    expect(texts(face, { number: 12, score: true })).toHaveLength(1 + 5 + 1);
    const small = faceIn(10, 10, 40);
    expect(texts(small)).toHaveLength(1);
    expect(texts(small, { scale: 2 })).toHaveLength(1 + 5);
    const written = (options: DrawOptions) => texts(face, options).at(-1)!.path;
    const nought = written({ number: 0 });
    expect(written({ number: 10 })).not.toBe(nought);
    // "0.99": four characters, of which the first is that of 0.
    expect(written({ score: true }).startsWith(nought)).toBe(true);
    expect(written({ score: true }).split("M")).toHaveLength(1 + 4);
    expect(written({ number: 0, score: true }).split("M")).toHaveLength(1 + 5);
  });

  describe("places texts within the drawing, on nothing else that is drawn", () => {
    const next = random(3);
    const anywhere = Array.from({ length: 20 }, () => {
      const side = 70 + 180 * next();
      return faceIn((SIZE.width - side) * next(), (SIZE.height - side) * next(), side, 0.25 * (next() - 0.5));
    });
    const cases = [
      ["anywhere", anywhere],
      ["all of the drawing", [faceIn(0, -50, 400), faceIn(50, 0, 300), faceIn(1, 1, 298)]],
      [
        "at an edge, and over it",
        [faceIn(0, 0, 90), faceIn(310, 210, 90), faceIn(-30, 220, 120), faceIn(340, -20, 110)],
      ],
    ] as const;
    it.each(cases)("%s", async (_, faces) => {
      // The drawing in a larger one: what leaves it is seen.
      const room = 60;
      const large = { width: SIZE.width + 2 * room, height: SIZE.height + 2 * room };
      const shifted = (content: string) =>
        render(`<g transform="translate(${room} ${room})">${content}</g>`, large);
      for (const drawn of faces) {
        const marks = faceMarks(drawn, { size: SIZE, number: 28, score: true });
        const isText = (i: number) => i > 0 && !marks[i]!.fill;
        /** Which mark each pixel belongs to; a text's may belong to no other. */
        const owner = new Int8Array(large.width * large.height).fill(-1);
        for (const [i, mark] of marks.entries()) {
          const pixel = await shifted(markSvg(mark));
          let covered = 0;
          let outside = 0;
          let shared = 0;
          for (let y = 0; y < large.height; y++) {
            for (let x = 0; x < large.width; x++) {
              if (pixel(x, y)[3] < 128) continue;
              const before = owner[y * large.width + x]!;
              covered++;
              if (x < room || y < room || x >= room + SIZE.width || y >= room + SIZE.height) outside++;
              if (before >= 0) shared++;
              owner[y * large.width + x] = i;
            }
          }
          const where = JSON.stringify({ mark: i, box: drawn.box });
          expect(covered, where).toBeGreaterThan(10);
          if (isText(i)) expect({ outside, shared, where }).toEqual({ outside: 0, shared: 0, where });
        }
      }
    });
  });

  it.each<[string, unknown, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ["no face", undefined, undefined, TypeError, /a face with a box or points.* for face,.*undefined/],
    ["nothing of a face", { score: 1 }, undefined, TypeError, /a face with a box or points/],
    ["four points", { points: face.points.slice(1) }, undefined, RangeError, /5 points for face\.points/],
    ["a box without numbers", { box: { x: 1, y: 2 } }, undefined, RangeError, /face\.box\.width.*undefined/],
    ["an unknown option", face, { colour: "red" }, TypeError, /number, score, scale.*"colour"/],
    ["no number", face, { number: 1.5 }, RangeError, /whole number.* for options\.number.*1\.5/],
    ["no scale", face, { scale: 0 }, RangeError, /above 0 for options\.scale.*0/],
    ["no score", { points: face.points }, { score: true }, RangeError, /for face\.score.*undefined/],
  ])("refuses %s", (_, drawn, options, type, message) => {
    const call = () => faceSvg(drawn as DrawnFace, options as DrawOptions);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  it("is no target", () => {
    for (const target of [undefined, null, {}, "svg"]) {
      expect(() => drawFace(target as never, face)).toThrow(
        /context of a canvas, or an SVG element for target/,
      );
    }
  });
});

describe.skipIf(!hasChromium)("drawFace in a browser (needs Chromium)", () => {
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Awaited<ReturnType<typeof launchChromium>>;
  beforeAll(async () => {
    server = await serveFolder("dist");
    browser = await launchChromium();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it("draws the same on a canvas, an OffscreenCanvas and an SVG element as faceSvg says", async () => {
    const page = await browser.newPage();
    await page.route("**/blank", (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html>" }),
    );
    await page.goto(`${server.url}/blank`);
    const content = 'import * as draw from "/draw.js"; Object.assign(globalThis, draw);';
    await page.addScriptTag({ type: "module", content });
    await page.waitForFunction("globalThis.drawFace");
    const size = { width: 180, height: 120 };
    const face = faceIn(70, -10, 100);
    const options = { number: 2, score: true };
    const bytes = await page.evaluate(
      async ([{ width, height }, drawn, given]) => {
        const { drawFace } = globalThis as unknown as typeof import("fivepoint/draw");
        const fresh = () => {
          const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
          context.fillStyle = "#555";
          context.fillRect(0, 0, width, height);
          return context;
        };
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width, height });
        const onCanvas = canvas.getContext("2d")!;
        onCanvas.setLineDash([3, 3]); // what the page has set is neither used nor changed
        onCanvas.lineWidth = 7;
        const offscreen = fresh();
        drawFace(onCanvas, drawn, given);
        drawFace(offscreen, drawn, given);
        const kept = [onCanvas.getLineDash().join(), onCanvas.lineWidth, onCanvas.fillStyle].join(" ");
        document.body.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"></svg>`;
        const svg = document.querySelector("svg")!;
        drawFace(svg, drawn, given);
        const image = new Image();
        svg.setAttribute("width", String(width));
        svg.setAttribute("height", String(height));
        image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
        await image.decode();
        const [bySvg, byCanvas] = [fresh(), fresh()];
        bySvg.drawImage(image, 0, 0);
        byCanvas.drawImage(canvas, 0, 0);
        const pixels = (context: OffscreenCanvasRenderingContext2D) =>
          Array.from(context.getImageData(0, 0, width, height).data).join();
        return { kept, svg: pixels(bySvg), canvas: pixels(byCanvas), offscreen: pixels(offscreen) };
      },
      [size, face, options] as const,
    );
    expect(bytes.kept).toBe("3,3 7 #000000");
    const want = await render(faceSvg(face, { ...options, size }), size, "#555555");
    for (const text of [bytes.canvas, bytes.offscreen, bytes.svg]) {
      const drawn = text.split(",").map(Number);
      let different = 0;
      let marked = 0;
      for (let at = 0; at < drawn.length; at += 4) {
        const pixel = want((at / 4) % size.width, Math.floor(at / 4 / size.width));
        if (pixel.some((v, c) => c < 3 && v !== 0x55)) marked++;
        if (pixel.some((v, c) => Math.abs(v - drawn[at + c]!) > 90)) different++;
      }
      expect(marked).toBeGreaterThan(1000);
      // Two renderers blend the pixels of an edge differently, and agree about all others.
      expect(different / marked).toBeLessThan(0.02);
    }
  });
});
