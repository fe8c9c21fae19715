/** `readImage` of fivepoint/web in the browsers of the machine, against sharp's decoding of the same files. */
import { readFileSync } from "node:fs";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../../src/web.ts";
import { shrink } from "../reference/shrink.ts";
import { type Answer, browserNames, hasBrowser, RealBrowser } from "../runtimes/browsers.ts";

const photo = sharp("examples/astronaut.jpg");
const SIZE = { width: 150, height: 101 };
const face = () => photo.clone().extract({ left: 110, top: 40, ...SIZE });
const plain = (width: number, height: number, alpha: number) =>
  sharp({ create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha } } }).png();

/**
 * Files of one image, and by how much two decoders of it may differ: in a lossless format not at all; otherwise inverse transform,
 * chroma and the conversion of colours are each rounded, to half a level.
 */
const FILES: Record<string, [file: Sharp, bound: number]> = {
  JPEG: [face().jpeg(), 2],
  "JPEG without subsampling": [face().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }), 2],
  "gray JPEG": [face().grayscale().jpeg(), 2],
  PNG: [face().png(), 0],
  "PNG of 16 bits": [face().toColourspace("rgb16").png(), 1],
  WebP: [face().webp(), 2],
  AVIF: [face().avif(), 2],
  GIF: [face().gif(), 0],
  "PNG in Display P3": [face().withIccProfile("p3").png(), 1],
  // More than the canvas holds at once.
  "large PNG": [
    face().resize(4000, 2400, { fit: "fill", kernel: "nearest" }).png({ compressionLevel: 1 }),
    0,
  ],
};
for (let orientation = 1; orientation <= 8; orientation++)
  FILES[`EXIF ${orientation}`] = [face().withMetadata({ orientation }).jpeg(), 2];

const FORMS = ["Blob", "File", "Response", "HTMLImageElement", "ImageBitmap", "HTMLCanvasElement"].concat([
  "OffscreenCanvas",
  "ImageData",
  "VideoFrame",
]);
const SIDES = [149, 100, 75, 40, 3];

interface Case {
  readonly name: string;
  readonly form: string;
  readonly file: string;
  readonly bound: number;
  readonly maxSide?: number;
}
const CASES: Case[] = [
  ...Object.entries(FILES).map(([file, [, bound]]) => ({ name: file, form: "Blob", file, bound })),
  ...FORMS.map((form) => ({ name: `${form} of PNG`, form, file: "PNG", bound: 0 })),
  // By way of a video codec's colours: luma and chroma are rounded once more.
  { name: "HTMLVideoElement", form: "HTMLVideoElement", file: "PNG", bound: 4 },
  ...["HTMLImageElement", "ImageBitmap", "VideoFrame"].flatMap((form) =>
    [3, 6].map((i) => ({ name: `${form} of EXIF ${i}`, form, file: `EXIF ${i}`, bound: 2 })),
  ),
  // The mean by its definition, rounded; of an edge between two levels either.
  ...SIDES.map((maxSide) => ({ name: `PNG to ${maxSide}`, form: "Blob", file: "PNG", maxSide, bound: 1 })),
  { name: "VideoFrame to 60", form: "VideoFrame", file: "PNG", maxSide: 60, bound: 1 },
];

const served = new Map<string, string | Uint8Array>();
const at = (...names: unknown[]) => `/${names.join("/").replaceAll(" ", "-")}`;

/** Serves files with their pixels as sharp gives them, and the list of cases. */
async function serveFiles(): Promise<void> {
  const decoded = new Map<string, { data: Buffer; width: number; height: number }>();
  const add = async (name: string, picture: Sharp) => {
    const file = await picture.toBuffer();
    const upright = sharp(file).rotate().removeAlpha().toColourspace("srgb").raw({ depth: "uchar" });
    const { data, info } = await upright.toBuffer({ resolveWithObject: true });
    served.set(at("file", name), file).set(at("want", name), data);
    decoded.set(name, { data, width: info.width, height: info.height });
    return { path: at("file", name), want: at("want", name) };
  };
  for (const [name, [picture]] of Object.entries(FILES)) await add(name, picture);
  for (const { file, maxSide } of CASES) {
    if (!maxSide) continue;
    const { data, width, height } = decoded.get(file)!;
    const to = { width: maxSide, height: Math.max(1, Math.round((maxSide * height) / width)) };
    served.set(
      at("want", file, maxSide),
      Uint8Array.from(shrink(data, { width, height }, to, 3), Math.round),
    );
  }
  const files = CASES.map(({ file, maxSide, ...rest }) => ({
    ...rest,
    maxSide,
    path: at("file", file),
    want: maxSide ? at("want", file, maxSide) : at("want", file),
  }));
  const mixed = [
    { path: at("file", "PNG"), want: at("want", "PNG") },
    await add("clear", plain(SIZE.width, SIZE.height, 0)),
    await add("small", plain(30, 20, 1)),
    { path: at("file", "GIF"), want: at("want", "GIF") },
  ];
  served.set("/cases.json", JSON.stringify({ files, photo: at("file", "PNG"), mixed }));
}

function answer({ pathname }: URL): Answer {
  const scripts: Record<string, string> = {
    "/page.mjs": "test/web/page.mjs",
    "/send.mjs": "test/runtimes/apps/browser/send.mjs",
  };
  if (pathname === "/page.html")
    return { body: '<!doctype html><body><script type="module" src="/page.mjs"></script>' };
  const file = pathname.startsWith("/dist/") ? pathname.slice(1) : scripts[pathname];
  return { body: file ? readFileSync(file) : served.get(pathname) };
}

interface Compared {
  readonly size: string;
  readonly format: string;
  readonly most: number;
}
interface Report {
  readonly error?: string;
  readonly read: Record<string, Compared | "none">;
  readonly frames: Record<string, Compared | number[] | "none">;
  readonly errors: Record<string, string>;
  readonly together: number[];
  readonly passed: boolean[];
  readonly wide?: number[];
  readonly atOnce: number;
  readonly canvases: number;
}

/** Frames that the page makes: what is read, and in which format. That of a plane is a sign that it was copied. */
const FRAMES: Record<string, Partial<Compared>> = {
  RGBA: { size: "8×4", format: "rgba" },
  RGBX: { size: "8×4", format: "rgba" },
  BGRA: { size: "8×4", format: "bgra" },
  BGRX: { size: "8×4", format: "bgra" },
  "a part of BGRX": { size: "5×2", format: "bgra" },
  "BGRX, rotated": { size: "4×8", format: "rgba" },
  "BGRX, rotated by half": { size: "8×4", format: "rgba" },
  "BGRX, mirrored": { size: "8×4", format: "rgba" },
};

/** What errors say. */
const ERRORS: Record<string, RegExp> = {
  null: /^TypeError: Expected pixels, an image.* for source, but received null/,
  "a path": /^TypeError: .*received "\/file\/PNG"/,
  "a promise": /^TypeError: .*type Promise/,
  "an element": /^TypeError: .*type HTMLBodyElement/,
  "bytes of a file": /^TypeError: .*Uint8Array of/,
  "an image that loads": /^TypeError: .*has loaded \(await its decode\(\)\).*HTMLImageElement/,
  "a broken image": /^TypeError: .*has loaded.*HTMLImageElement/,
  "a video without a frame": /^TypeError: .*loadeddata.*HTMLVideoElement/,
  "an empty canvas": /^TypeError: .*canvas that has pixels.*HTMLCanvasElement/,
  "a transferred canvas": /^TypeError: .*transferred.*OffscreenCanvas/,
  "a closed bitmap": /^TypeError: .*closed.*ImageBitmap/,
  "a transferred bitmap": /^TypeError: .*transferred.*ImageBitmap/,
  "a closed frame": /^TypeError: .*closed.*VideoFrame/,
  "another file": /^TypeError: .*8 bytes, text\/plain.*isn't an image/,
  "an empty file": /^TypeError: .*0 bytes, of no type.*isn't an image/,
  "a missing file": /^Error: .*the server answers 404 for .*\/nothing/,
  "a read response": /^TypeError: .*read before/,
  "a foreign image": /^TypeError: .*origin.*anonymous.*HTMLImageElement/,
  "few pixels": /^RangeError: .*image.data/,
  "no side": /^RangeError: .*options\.maxSide.*0/,
  "another option": /^TypeError: .*options.*maxside/,
};

for (const name of browserNames) {
  describe.skipIf(!hasBrowser(name))(`in ${name} (needs it installed)`, () => {
    let browser: RealBrowser;
    let report: Report;
    beforeAll(async () => {
      await serveFiles();
      browser = await RealBrowser.start(name, answer);
      // A page of WebKitGTK crashes when it makes a frame of an image.
      report = await browser.open<Report>(name === "WebKit" ? "page.html?without-frames" : "page.html");
    });
    afterAll(() => browser?.close());

    it("the page ran to its end", () => expect(report.error).toBeUndefined());

    it.for(CASES)("$name", ({ name, bound }, { skip }) => {
      const compared = report.read[name];
      if (compared === "none") skip("this browser has none");
      expect((compared as Compared).most).toBeLessThanOrEqual(bound);
    });

    it.for(Object.entries(FRAMES))("VideoFrame of %s", ([frame, want], { skip }) => {
      const compared = report.frames[frame] ?? "none";
      if (compared === "none") skip("this browser has none");
      expect(compared).toEqual({ ...want, most: 0 });
    });

    it.for(["I420", "NV12"])("VideoFrame of %s", (frame, { skip }) => {
      const colour = report.frames[frame] as number[] | undefined;
      if (!colour) skip("this browser has none");
      // libyuv, which both browsers use, has 2 for the factor 2.11 of Cb.
      const want = bt709(121, 118, 140);
      expect(Math.max(...colour!.map((value, i) => Math.abs(value - want[i]!)))).toBeLessThan(2.5);
    });

    it.each(Object.entries(ERRORS))("refuses %s", (what, message) => {
      const said = report.errors[what];
      if (said !== undefined) expect(said).toMatch(message);
      else expect([what, report.frames]).toEqual(["a closed frame", {}]); // without frames
    });

    it("keeps apart what is read at a time, and what is transparent", () => {
      expect(report.together).toEqual(report.together.map(() => 0));
    });
    it("passes pixels through", () => expect(report.passed).toEqual([true, true]));
    it("takes at once what a canvas shows", () => expect(report.atOnce).toBe(0));
    it("makes one canvas, and another only after one was tainted", () => expect(report.canvases).toBe(2));
    it("converts an ImageData in Display P3", ({ skip }) => {
      if (!report.wide) skip("this browser has none");
      const want = [...fromP3(100, 150, 200), 255];
      expect(Math.max(...report.wide!.map((value, i) => Math.abs(value - want[i]!)))).toBeLessThan(1.5);
    });
  });
}

/** Limited range, ITU-R BT.709: the colours of its Y, Cb and Cr. */
function bt709(y: number, cb: number, cr: number): number[] {
  const [luma, blue, red] = [(255 * (y - 16)) / 219, (255 * (cb - 128)) / 224, (255 * (cr - 128)) / 224];
  return [luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue];
}

/** Display P3 → sRGB, whose curve is the same (CSS Color 4, section 17). */
function fromP3(...colour: number[]): number[] {
  const [r, g, b] = colour.map((v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number];
  return [
    1.2249401762 * r - 0.2249401762 * g,
    -0.0420569547 * r + 1.0420569547 * g,
    -0.0196375546 * r - 0.0786360456 * g + 1.0982736001 * b,
  ].map((v) => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}

describe("without a browser", () => {
  it("pixels pass through, the rest is refused with a pointer to fivepoint/node", async () => {
    const image = { data: new Uint8Array(12), width: 2, height: 2, format: "rgb" } as const;
    expect(await readImage(image)).toBe(image);
    expect(await readImage(image, { maxSide: 1 })).toMatchObject({ width: 1, height: 1, format: "rgb" });
    await expect(readImage(new Blob([]))).rejects.toThrow(/OffscreenCanvas.*fivepoint.node/);
  });
});
