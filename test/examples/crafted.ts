/** Image files with what photos from cameras don't have: fill bytes, false headers, bombs. */
import { deflateSync } from "node:zlib";

const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A JPEG's segment, FF marker length payload. */
export const segment = (marker: number, payload: Uint8Array) =>
  Buffer.concat([Buffer.from([0xff, marker]), u16(payload.length + 2), payload]);

/** The payload of an SOF: 8 bits a channel. */
export const frame = (
  width: number,
  height: number,
  factors: readonly number[] = [0x22, 0x11, 0x11],
  bits = 8,
) =>
  Buffer.concat([
    Buffer.from([bits]),
    u16(height),
    u16(width),
    Buffer.from([factors.length, ...factors.flatMap((factor, i) => [i + 1, factor, 0])]),
  ]);

/** Where a JPEG's SOF begins, by a walk over its segments. */
export function frameOffset(jpeg: Uint8Array): number {
  let at = 2;
  while (jpeg[at + 1]! < 0xc0 || jpeg[at + 1]! > 0xc2) at += 2 + jpeg[at + 2]! * 256 + jpeg[at + 3]!;
  return at;
}

/** Puts bytes into a file. */
export const insert = (file: Uint8Array, at: number, ...parts: Uint8Array[]) =>
  Buffer.concat([file.subarray(0, at), ...parts, file.subarray(at)]);

/** The JPEG as it is, behind a comment that holds a frame header of 64×64, its own frame header behind a fill byte. */
export const disguised = (jpeg: Uint8Array) =>
  insert(jpeg, frameOffset(jpeg), segment(0xfe, segment(0xc0, frame(64, 64))), Buffer.from([0xff]));

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** A PNG's chunk. */
export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([u32(data.length), body, u32(crc32(body))]);
}

const PNG_HEADER = 33; // signature and IHDR

/** The PNG with chunks behind its header. */
export const withChunks = (png: Uint8Array, ...chunks: Uint8Array[]) => insert(png, PNG_HEADER, ...chunks);

/** A colour profile of a few kilobytes that unpacks to `bytes`. */
export const profileBomb = (bytes: number) =>
  chunk("iCCP", Buffer.concat([Buffer.from("bomb\0\0", "latin1"), deflateSync(Buffer.alloc(bytes))]));

/** An RGB PNG of the size that claims to have so many pixels, with the data of `dataBytes` zeros. */
export function png(width: number, height: number, dataBytes = height * (1 + 3 * width)): Buffer {
  const header = Buffer.concat([u32(width), u32(height), Buffer.from([8, 2, 0, 0, 0])]);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(dataBytes))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

class BitWriter {
  private readonly bits: number[] = [];
  write(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.bits.push((value >> i) & 1);
    return this;
  }
  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.bits.length / 8));
    this.bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }
}

/** A WebP of one chunk. */
export function webp(type: string, data: Uint8Array): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  const padded = Buffer.concat([Buffer.from(type, "latin1"), size, data, Buffer.alloc(data.length & 1)]);
  const total = Buffer.alloc(4);
  total.writeUInt32LE(4 + padded.length);
  return Buffer.concat([Buffer.from("RIFF"), total, Buffer.from("WEBP"), padded]);
}

/**
 * A lossless WebP of side×side pixels, a code table of its own for every 4×4 of them: few bytes of file for each, and
 * some ten kilobytes of memory (RFC 9649, 5.2.2 and 6.2.2).
 */
export function tableBomb(side: number): Buffer {
  const bits = new BitWriter();
  bits
    .write(0x2f, 8)
    .write(side - 1, 14)
    .write(side - 1, 14)
    .write(0, 1)
    .write(0, 3);
  bits.write(0, 1); // no transform
  bits.write(0, 1); // no colour cache
  bits.write(1, 1).write(0, 3); // an entropy image, a pixel for 4×4
  bits.write(0, 1); // which has no colour cache
  // Its codes: red and green are literals of eight bits each, so that all of 65,536 tables are named.
  const eight = () => {
    // All lengths of code lengths are 0 but that of 8; 256 symbols of length 8, the rest of length 0.
    bits.write(0, 1).write(19 - 4, 4);
    const order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    for (const symbol of order) bits.write(symbol === 8 ? 1 : 0, 3);
    bits
      .write(1, 1)
      .write(3, 3)
      .write(256 - 2, 8); // 256 symbols, a code of no bits each
  };
  const single = () => bits.write(1, 1).write(0, 1).write(0, 1).write(0, 1); // the one symbol 0
  eight(); // green
  eight(); // red
  single();
  single();
  single();
  const tiles = Math.ceil(side / 4) ** 2;
  const reverse = (byte: number) => {
    let out = 0;
    for (let i = 0; i < 8; i++) out |= ((byte >> i) & 1) << (7 - i);
    return out;
  };
  for (let i = 0; i < tiles; i++) {
    const table = i % 65536;
    bits.write(reverse(table & 255), 8).write(reverse(table >> 8), 8);
  }
  for (let i = 0; i < Math.min(tiles, 65536); i++) for (let code = 0; code < 5; code++) single();
  return webp("VP8L", bits.bytes());
}
