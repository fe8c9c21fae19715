/** What the Worker example reads in a file before it decodes it, against sharp and against files made by hand. */
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";

import { readHeader } from "../../examples/cloudflare-worker/src/header.ts";
import { upright } from "../../examples/cloudflare-worker/src/orientation.ts";
import {
  chunk,
  disguised,
  frame,
  frameOffset,
  insert,
  png,
  profileBomb,
  segment,
  webp,
  withChunks,
} from "./crafted.ts";

const photo = sharp("examples/astronaut.jpg").resize(150, 90, { fit: "fill" });
const jpeg = await photo.clone().jpeg().toBuffer();
const size = (file: Uint8Array) => {
  const { width, height } = readHeader(file);
  return [width, height];
};
const refusal = (file: Uint8Array) => {
  try {
    readHeader(file);
  } catch (error) {
    const { status, code, message } = error as { status: number; code: string; message: string };
    return `${status} ${code}: ${message}`;
  }
};

describe("readHeader", () => {
  it.each<[string, (image: Sharp) => Sharp]>([
    ["JPEG", (image) => image.jpeg()],
    ["gray JPEG", (image) => image.grayscale().jpeg()],
    ["progressive JPEG", (image) => image.jpeg({ progressive: true })],
    ["PNG", (image) => image.png()],
    ["interlaced PNG of a palette", (image) => image.png({ palette: true, progressive: true })],
    ["lossy WebP", (image) => image.webp()],
    ["lossless WebP", (image) => image.webp({ lossless: true })],
    ["transparent WebP", (image) => image.ensureAlpha(0.5).webp()],
  ])("reads the size of a %s", async (_, encode) => {
    for (const [width, height] of [
      [150, 90],
      [17, 333],
      [1, 1],
    ] as const) {
      expect(size(await encode(photo.clone().resize(width, height, { fit: "fill" })).toBuffer())).toEqual([
        width,
        height,
      ]);
    }
  });

  it("takes a JPEG's size from its frame header, past fill bytes, stray bytes, comments and thumbnails", async () => {
    expect(size(disguised(jpeg))).toEqual([150, 90]);
    const at = frameOffset(jpeg);
    expect(size(insert(jpeg, at, Buffer.from([0xff, 0xff, 0xff])))).toEqual([150, 90]);
    expect(size(insert(jpeg, at, Buffer.from([0x12, 0xff, 0x00, 0xff, 0xd0, 0x34])))).toEqual([150, 90]);
    // A whole JPEG in an application's segment, as cameras put their thumbnails.
    const thumbnail = await photo.clone().resize(16, 16).jpeg().toBuffer();
    expect(size(insert(jpeg, 2, segment(0xe1, thumbnail)))).toEqual([150, 90]);
    // What follows the end isn't read: phones put a second image or a video there.
    expect(size(Buffer.concat([jpeg, thumbnail]))).toEqual([150, 90]);
    // libjpeg agrees on all of them.
    expect(await sharp(disguised(jpeg)).metadata()).toMatchObject({ width: 150, height: 90 });
  });

  it("takes a WebP's size from the image, not from the canvas around it", async () => {
    const still = await photo.clone().webp().toBuffer();
    const canvas = Buffer.from("VP8X\x0a\0\0\0\0\0\0\0\x07\0\0\x07\0\0", "latin1"); // 8×8
    const file = insert(still, 12, canvas);
    file.writeUInt32LE(file.length - 8, 4);
    expect(size(file)).toEqual([150, 90]);
  });

  it.each<[string, RegExp, () => Uint8Array | Promise<Uint8Array>]>([
    ["a CMYK JPEG", /^415 .*CMYK.*RGB/, () => photo.clone().toColourspace("cmyk").jpeg().toBuffer()],
    ["a lossless JPEG", /^415 .*lossless/, () => segments(segment(0xc3, frame(8, 8)))],
    ["a JPEG of arithmetic coding", /^415 .*arithmetic/, () => segments(segment(0xc9, frame(8, 8)))],
    ["a JPEG of 12 bits", /^415 .*12 bits/, () => segments(segment(0xc1, frame(8, 8, [0x11], 12)))],
    ["a JPEG of two channels", /^415 .*2 channels/, () => segments(segment(0xc0, frame(8, 8, [0x11, 0x11])))],
    [
      "a JPEG of 200 scans",
      /^415 .*scans/,
      () =>
        segments(
          segment(0xc2, frame(8, 8)),
          ...Array(200).fill(segment(0xda, Buffer.from([1, 1, 0, 0, 0, 0]))),
        ),
    ],
    [
      "a JPEG of two frames",
      /^422 .*more than one frame/,
      () => segments(segment(0xc0, frame(8, 8)), segment(0xc0, frame(900, 900))),
    ],
    ["a JPEG of no image", /^422 .*no image/, () => segments()],
    [
      "a JPEG of no height",
      /^422 .*no pixels/,
      () => segments(segment(0xc0, frame(8, 0)), segment(0xda, Buffer.from([3, 1, 0, 2, 0, 3, 0, 0, 63, 0]))),
    ],
    ["a JPEG of sampling factor 0", /^422 .*sampling/, () => segments(segment(0xc0, frame(8, 8, [0x01])))],
    ["a JPEG that is cut", /^422 .*too early/, () => jpeg.subarray(0, jpeg.length / 2)],
    ["a JPEG without its end", /^422 .*too early/, () => jpeg.subarray(0, jpeg.length - 2)],
    ["a PNG that is cut", /^422 .*too early/, () => png(9, 9).subarray(0, -20)],
    [
      "a PNG without a header",
      /^422 .*header/,
      () => Buffer.concat([png(9, 9).subarray(0, 8), png(9, 9).subarray(33)]),
    ],
    ["a PNG of two headers", /^422 .*header/, () => withChunks(png(9, 9), png(99, 99).subarray(8, 33))],
    ["an animated WebP", /^415 .*[Aa]nimated.*still/, animation],
    [
      "a WebP that is cut",
      /^422 .*too early/,
      async () => (await photo.clone().webp().toBuffer()).subarray(0, 400),
    ],
    ["a WebP of no image", /^422 .*no image/, () => webp("EXIF", Buffer.alloc(8))],
    ["a WebP of a damaged header", /^422 .*header/, () => webp("VP8L", Buffer.from("no image"))],
    ["a GIF", /^415 .*not a JPEG, PNG or WebP/, () => photo.clone().gif().toBuffer()],
    ["an AVIF", /^415 .*AVIF/, () => photo.clone().avif().toBuffer()],
    ["nothing", /^415 /, () => new Uint8Array()],
  ])("says what is wrong with %s", async (_, message, file) => {
    expect(refusal(await file())).toMatch(message);
  });

  it("throws nothing else, whatever the bytes are", async () => {
    const files = [
      jpeg,
      await photo.clone().png().toBuffer(),
      await photo.clone().webp().toBuffer(),
      disguised(jpeg),
    ];
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % below;
    };
    for (let i = 0; i < 3000; i++) {
      const file = Buffer.from(files[i % files.length]!).subarray(
        0,
        1 + random(files[i % files.length]!.length),
      );
      for (let k = 0; k < 4; k++) file[random(Math.min(file.length, 300))] = random(256);
      const said = refusal(file);
      if (said) expect(said).toMatch(/^4(15|22) (unsupported|broken)_image: .*\.$/);
    }
  });

  it("gives the decoder of a PNG only what makes the image", async () => {
    const plain = await photo.clone().png().toBuffer();
    const { file } = readHeader(withChunks(plain, profileBomb(1e6), chunk("acTL", Buffer.alloc(8))));
    const names = file.toString().length && [
      ...Buffer.from(file)
        .toString("latin1")
        .matchAll(/iCCP|acTL/g),
    ];
    expect(names).toEqual([]);
    expect(await sharp(file).raw().toBuffer()).toEqual(await sharp(plain).raw().toBuffer());
  });
});

const segments = (...parts: Uint8Array[]) =>
  Buffer.concat([Buffer.from([0xff, 0xd8]), ...parts, Buffer.from([0xff, 0xd9])]);
const animation = () => {
  const strip = photo.clone().resize(20, 40, { fit: "fill" }).raw().toBuffer();
  return strip.then((raw) =>
    sharp(raw, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } })
      .webp()
      .toBuffer(),
  );
};

describe("upright", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "shows orientation %i as sharp does, in all formats",
    async (orientation) => {
      for (const format of ["jpeg", "png", "webp"] as const) {
        const file = await photo.clone().withMetadata({ orientation }).toFormat(format).toBuffer();
        expect(readHeader(file).orientation).toBe(orientation);
        for (const channels of [3, 4] as const) {
          const raw = (image: Sharp) =>
            (channels === 3 ? image.removeAlpha() : image.ensureAlpha())
              .raw()
              .toBuffer({ resolveWithObject: true });
          const stored = await raw(sharp(file));
          const want = await raw(sharp(file).autoOrient());
          const { width, height } = stored.info;
          const got = upright(
            { data: stored.data, width, height, format: channels === 3 ? "rgb" : "rgba" },
            orientation,
          );
          expect([got.width, got.height]).toEqual([want.info.width, want.info.height]);
          expect(Buffer.from(got.data).equals(want.data)).toBe(true);
        }
      }
    },
  );

  it.each(["II", "MM"])("reads both byte orders of EXIF: %s", (order) => {
    const u16 = (value: number) => (order === "II" ? [value, 0] : [0, value]);
    const u32 = (value: number) => (order === "II" ? [value, 0, 0, 0] : [0, 0, 0, value]);
    const tag = order === "II" ? [0x12, 0x01] : [0x01, 0x12];
    const tiff = [
      ...Buffer.from(order),
      ...u16(42),
      ...u32(8),
      ...u16(1),
      ...tag,
      ...u16(3),
      ...u32(1),
      ...u16(6),
      0,
      0,
    ];
    const exif = (orientation = tiff) =>
      segment(0xe1, Buffer.from([...Buffer.from("Exif\0\0"), ...orientation]));
    expect(readHeader(insert(jpeg, 2, exif())).orientation).toBe(6);
    // The first one counts; one that makes no sense is upright.
    expect(readHeader(insert(jpeg, 2, exif([1, 2, 3]), exif())).orientation).toBe(1);
    for (let length = 0; length < tiff.length; length++) {
      expect(readHeader(insert(jpeg, 2, exif(tiff.slice(0, length)))).orientation).toBe(1);
    }
  });
});
