/**
 * What an image file's own markers say, read before anything is decoded: its kind, its size, its orientation, and the
 * memory that decoding it will take. A size that stands in a comment or in a thumbnail is not the image's: files are
 * walked segment by segment, as the standards have it and as the decoders do it.
 *
 * - JPEG: ITU-T T.81, annex B (markers, fill bytes, frame and scan headers)
 * - PNG: W3C Portable Network Graphics, third edition, 5 and 11
 * - WebP: RFC 9649, 2 (container), 3.4 (VP8L header); RFC 6386, 9.1 (VP8 frame header)
 */
import { RequestError } from "./errors.ts";
import { exifOrientation } from "./orientation.ts";

export interface Header {
  readonly type: "JPEG" | "PNG" | "WebP";
  /** In pixels, as the file stores them: before the orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** EXIF's, 1 (upright) to 8. */
  readonly orientation: number;
  /** Largest number of bytes that decoding takes, pixels included, at 1/shrink of the size; only JPEG can shrink. */
  memory(shrink: number): number;
  /** The file, without what a decoder doesn't need. */
  readonly file: Uint8Array;
}

const unsupported = (message: string) => new RequestError(415, "unsupported_image", message);
const broken = (message: string) => new RequestError(422, "broken_image", message);
const cut = (type: string) => broken(`The ${type} can't be decoded: the file ends too early.`);

const ascii = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));
const view = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength);

const EXIF = "Exif\0\0";
/** PNG and WebP store the bare TIFF structure; some writers put JPEG's prefix before it. */
const withoutPrefix = (bytes: Uint8Array) => (ascii(bytes, 0, 6) === EXIF ? bytes.subarray(6) : bytes);

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly components: readonly { readonly h: number; readonly v: number }[];
}

/** SOF markers other than those of C4 (DHT), C8 (JPG) and CC (DAC). */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

function jpegFrame(marker: number, segment: Uint8Array): Frame {
  if (marker > 0xc2) {
    const kind = marker > 0xc8 ? "arithmetic coding" : "lossless or hierarchical coding";
    throw unsupported(`JPEGs with ${kind} are not supported: save it as a baseline JPEG.`);
  }
  const data = view(segment);
  if (segment.length < 6 || segment.length < 6 + 3 * segment[5]!)
    throw broken("The JPEG's frame header is damaged.");
  if (segment[0] !== 8)
    throw unsupported(`JPEGs of ${segment[0]} bits a channel are not supported, only of 8.`);
  const count = segment[5]!;
  if (count === 4) throw unsupported("CMYK JPEGs are not supported: convert the image to RGB first.");
  if (count !== 1 && count !== 3)
    throw unsupported(`JPEGs of ${count} channels are not supported, only of 1 or 3.`);
  const components = Array.from({ length: count }, (_, i) => {
    const factors = segment[7 + 3 * i]!;
    return { h: factors >> 4, v: factors & 15 };
  });
  if (components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw broken("The JPEG's sampling factors are damaged.");
  }
  return { width: data.getUint16(3), height: data.getUint16(1), isProgressive: marker === 0xc2, components };
}

/** Bytes of the coefficients of a whole image, which a decoder keeps when they come in more than one scan. */
function coefficientBytes({ width, height, components }: Frame): number {
  const largestH = Math.max(...components.map(({ h }) => h));
  const largestV = Math.max(...components.map(({ v }) => v));
  const blocks = (side: number, factor: number, largest: number) =>
    factor * Math.ceil(Math.ceil((side * factor) / (8 * largest)) / factor);
  return components
    .map(({ h, v }) => blocks(width, h, largestH) * blocks(height, v, largestV) * 64 * 2)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** More scans than an encoder writes (libjpeg's own limit is 100) only cost time: each goes over the whole image. */
const MAX_SCANS = 100;

function readJpeg(file: Uint8Array): Header {
  const data = view(file);
  let frame: Frame | undefined;
  let isBuffered = false;
  let orientation: number | undefined;
  let scans = 0;
  let at = 2;
  for (;;) {
    // To the next marker, past fill bytes (B.1.1.2), stray bytes and, in a scan, its data: FF 00 and RST are part of it.
    at = file.indexOf(0xff, at);
    while (at >= 0 && file[at] === 0xff) at++;
    if (at < 0 || at >= file.length) throw cut("JPEG");
    const marker = file[at++]!;
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (marker === 0xd9) break; // EOI
    if (at + 2 > file.length) throw cut("JPEG");
    const end = at + data.getUint16(at);
    if (end > file.length) throw cut("JPEG");
    const segment = file.subarray(at + 2, end);
    if (marker === 0xd8 || end < at + 2) throw broken("The JPEG's markers are damaged.");
    if (isFrame(marker)) {
      if (frame) throw broken("The JPEG has more than one frame.");
      frame = jpegFrame(marker, segment);
    } else if (marker === 0xda) {
      if (!frame) throw broken("The JPEG has a scan before its frame header.");
      if (scans++ === 0) isBuffered = frame.isProgressive || segment[0]! < frame.components.length;
      if (scans > MAX_SCANS) throw unsupported(`JPEGs of more than ${MAX_SCANS} scans are not supported.`);
    } else if (marker === 0xe1 && ascii(segment, 0, 6) === EXIF) {
      orientation ??= exifOrientation(segment.subarray(6));
    }
    at = end;
  }
  if (!frame || scans === 0) throw broken("The JPEG has no image in it.");
  const { width, height, components } = frame;
  const coefficients = isBuffered ? coefficientBytes(frame) : 0;
  // Rows in the making: of each channel, two rows of blocks as they are and two at full width.
  const rows = 64 * width * components.length;
  return {
    type: "JPEG",
    width,
    height,
    orientation: orientation ?? 1,
    // RGB in the codec, and the copy that leaves it.
    memory: (shrink) =>
      500_000 +
      file.length +
      coefficients +
      rows +
      6 * Math.ceil(width / shrink) * Math.ceil(height / shrink),
    file,
  };
}

/** What a decoder needs. The rest is left out: a colour profile or a text unpacks to any size, an animation has more images. */
const PNG_CHUNKS = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];

function readPng(bytes: Uint8Array): Header {
  const data = view(bytes);
  const kept = [bytes.subarray(0, 8)];
  let orientation = 1;
  let at = 8;
  for (let type = ""; type !== "IEND"; ) {
    if (at + 12 > bytes.length) throw cut("PNG");
    const length = data.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw cut("PNG");
    type = ascii(bytes, at + 4, 4);
    if ((at === 8) !== (type === "IHDR") || (type === "IHDR" && length !== 13)) {
      throw broken("The PNG's header is damaged.");
    }
    if (type === "eXIf") orientation = exifOrientation(withoutPrefix(bytes.subarray(at + 8, end - 4)));
    if (PNG_CHUNKS.includes(type)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  const file = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const part of kept) {
    file.set(part, to);
    to += part.length;
  }
  const [width, height] = [data.getUint32(16), data.getUint32(20)];
  return {
    type: "PNG",
    width,
    height,
    orientation,
    // Beside a copy of the file, the codec holds its pixels and, as they grow, the same as RGBA; then the copy that leaves it.
    memory: () => 1_300_000 + 2 * file.length + (10 + 4) * width * height,
    file,
  };
}

function readWebp(bytes: Uint8Array): Header {
  const data = view(bytes);
  if (bytes.length < 12 || 8 + data.getUint32(4, true) > bytes.length) throw cut("WebP");
  const file = bytes.subarray(0, 8 + data.getUint32(4, true));
  let size: { width: number; height: number } | undefined;
  let orientation = 1;
  let isLossless = false;
  let hasAlpha = false;
  let at = 12;
  while (at + 8 <= file.length) {
    const type = ascii(file, at, 4);
    const length = data.getUint32(at + 4, true);
    const chunk = file.subarray(at + 8, at + 8 + length);
    if (chunk.length < length) throw cut("WebP");
    const part = view(chunk);
    if (type === "VP8X" && chunk[0]! & 0x02) {
      throw unsupported("Animated WebPs are not supported: send one frame as a still image.");
    }
    if (type === "ALPH") hasAlpha = true;
    if (type === "EXIF") orientation = exifOrientation(withoutPrefix(chunk));
    if (!size && type === "VP8 ") {
      // A key frame: three bytes of frame tag, the start code, 14 bits of each side.
      if (length < 10 || part.getUint8(0) & 1 || ascii(chunk, 3, 3) !== "\x9d\x01\x2a") {
        throw broken("The WebP's frame header is damaged.");
      }
      size = { width: part.getUint16(6, true) & 0x3fff, height: part.getUint16(8, true) & 0x3fff };
    }
    if (!size && type === "VP8L") {
      if (length < 5 || chunk[0] !== 0x2f) throw broken("The WebP's frame header is damaged.");
      const bits = part.getUint32(1, true);
      size = { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
      isLossless = true;
    }
    at += 8 + length + (length & 1);
  }
  if (!size) throw broken("The WebP has no image in it.");
  const { width, height } = size;
  // RGBA in the codec, beside it the alpha plane in the making or a lossless image's own pixels; the codec starts with
  // 16 MiB. Outside is the RGBA that it gives out, and the upright copy of a rotated image.
  const pixel = isLossless ? 9 : hasAlpha ? 10.5 : 4.5;
  const codec = Math.max(2 ** 24, 1_500_000 + 2 * file.length + pixel * width * height);
  const outside = orientation === 1 ? 4 : 8;
  const memory = () => codec + outside * width * height;
  return { type: "WebP", width, height, orientation, memory, file };
}

/** @throws RequestError 415 for another format or a kind that isn't decoded, 422 for a file that is cut or damaged */
export function readHeader(bytes: Uint8Array): Header {
  let header: Header;
  if (bytes[0] === 0xff && bytes[1] === 0xd8) header = readJpeg(bytes);
  else if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") header = readPng(bytes);
  else if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP") header = readWebp(bytes);
  else {
    throw unsupported(
      "The image is not a JPEG, PNG or WebP: convert it first (HEIC, AVIF, GIF and TIFF, for example).",
    );
  }
  if (header.width === 0 || header.height === 0) throw broken(`The ${header.type} has no pixels.`);
  return header;
}
