/** Renders videos of faces that move in a known way: the face of the sample photo over a background. */
import sharp from "sharp";
import type { Box, ImageLike, Point } from "../../src/core/types.ts";
import { random } from "./random.ts";

/** Where a face is in a frame. */
export interface Pose {
  /** The middle of the face, in pixels of the frame. */
  readonly x: number;
  readonly y: number;
  /** Of 1, the face's box is `FACE_WIDTH` pixels wide. */
  readonly scale?: number;
  /** Clockwise, in radians. */
  readonly rotation?: number;
  /** Mirrored, and darker: another face. */
  readonly other?: boolean;
}

/** Where the face is in the sample photo: its middle, and its half axes with hair and neck, in pixels. */
const MIDDLE = { x: 193, y: 122 };
const AXES = { x: 72, y: 92 };
/** The size of the box around it (examples/astronaut.csv), in pixels of the photo and of a frame. */
const PHOTO_FACE = { width: 106, height: 112 };
export const FACE_WIDTH = 64;
export const FACE_HEIGHT = (FACE_WIDTH * PHOTO_FACE.height) / PHOTO_FACE.width;

export const FRAME = { width: 320, height: 224 };

/** Standard deviation of a sensor's noise, in grey levels. */
const NOISE = 4;

export class Renderer {
  readonly #photo: { readonly data: Uint8Array; readonly width: number };
  readonly #background: Uint8ClampedArray;
  readonly #noise: Int8Array;
  readonly #next: () => number;

  private constructor(photo: { data: Uint8Array; width: number }, seed: number) {
    this.#photo = photo;
    this.#next = random(seed);
    this.#background = background(this.#next);
    this.#noise = gaussian(1 << 18, this.#next);
  }

  static async create(seed: number): Promise<Renderer> {
    const { data, info } = await sharp("examples/astronaut.jpg").raw().toBuffer({ resolveWithObject: true });
    return new Renderer({ data: new Uint8Array(data), width: info.width }, seed);
  }

  /** A frame in RGB, with noise of its own: the faces, later ones in front, and grey bars, given as boxes, before them. */
  frame(poses: readonly Pose[], covers: readonly Box[] = []): ImageLike {
    const { width, height } = FRAME;
    const data = new Uint8ClampedArray(this.#background);
    for (const pose of poses) this.#paste(data, pose);
    for (const cover of covers) {
      const within = (at: number, side: number) => Math.min(Math.max(Math.round(at), 0), side);
      const [left, right] = [within(cover.x, width), within(cover.x + cover.width, width)];
      const bottom = within(cover.y + cover.height, height);
      for (let y = within(cover.y, height); y < bottom; y++)
        data.fill(96, 3 * (y * width + left), 3 * (y * width + right));
    }
    const noise = this.#noise;
    for (let row = 0; row < data.length; row += 3 * width) {
      const from = Math.floor(this.#next() * (noise.length - 3 * width)) - row;
      for (let i = row; i < row + 3 * width; i++) data[i] = data[i]! + noise[from + i]!;
    }
    return { data, width, height, format: "rgb" };
  }

  /** Blends the ellipse of the photo's face into a frame: bilinear, its rim fading over a tenth of its radius. */
  #paste(data: Uint8ClampedArray, { x: left, y: top, scale = 1, rotation = 0, other = false }: Pose): void {
    const { width, height } = FRAME;
    const { data: photo, width: photoWidth } = this.#photo;
    const zoom = (scale * FACE_WIDTH) / PHOTO_FACE.width;
    const [cos, sin] = [Math.cos(rotation) / zoom, Math.sin(rotation) / zoom];
    const reach = Math.ceil(zoom * Math.max(AXES.x, AXES.y)) + 1;
    const gain = other ? OTHER : SAME;
    for (let y = Math.max(0, Math.floor(top - reach)); y < Math.min(height, top + reach); y++) {
      for (let x = Math.max(0, Math.floor(left - reach)); x < Math.min(width, left + reach); x++) {
        const [dx, dy] = [x - left, y - top];
        const u = cos * dx + sin * dy;
        const v = cos * dy - sin * dx;
        const alpha = Math.min(1, 10 * (1 - Math.sqrt((u / AXES.x) ** 2 + (v / AXES.y) ** 2)));
        if (alpha <= 0) continue;
        const [px, py] = [MIDDLE.x + (other ? -u : u), MIDDLE.y + v];
        const [ix, iy] = [Math.floor(px), Math.floor(py)];
        const [fx, fy] = [px - ix, py - iy];
        for (let c = 0; c < 3; c++) {
          const from = 3 * (iy * photoWidth + ix) + c;
          const below = from + 3 * photoWidth;
          const upper = photo[from]! + fx * (photo[from + 3]! - photo[from]!);
          const lower = photo[below]! + fx * (photo[below + 3]! - photo[below]!);
          const to = 3 * (y * width + x) + c;
          data[to] = data[to]! + alpha * (gain[c]! * (upper + fy * (lower - upper)) - data[to]!);
        }
      }
    }
  }
}

/** Of a face's colours. */
const SAME = [1, 1, 1];
const OTHER = [0.62, 0.7, 0.85];

/** Takes points, relative to the middle of the face, to where a pose has them. In a mirrored face, left and right change places. */
export function posed(
  points: readonly Point[],
  { x, y, scale = 1, rotation = 0, other = false }: Pose,
): Point[] {
  const [cos, sin] = [scale * Math.cos(rotation), scale * Math.sin(rotation)];
  const order = other ? [1, 0, 2, 4, 3] : [0, 1, 2, 3, 4];
  return order.map((k) => {
    const [u, v] = [(other ? -1 : 1) * points[k]!.x, points[k]!.y];
    return { x: x + cos * u - sin * v, y: y + sin * u + cos * v };
  });
}

/** Soft coloured blobs. */
function background(next: () => number): Uint8ClampedArray {
  const { width, height } = FRAME;
  const waves = Array.from(
    { length: 9 },
    () => [0.06 * (next() - 0.5), 0.06 * (next() - 0.5), 6.3 * next()] as const,
  );
  return Uint8ClampedArray.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    const mine = waves.slice(3 * (i % 3), 3 * (i % 3) + 3);
    return 120 + mine.reduce((sum, [a, b, phase]) => sum + 18 * Math.sin(a * x + b * y + phase), 0);
  });
}

/** Normal numbers of the noise's deviation, by Box and Muller. */
function gaussian(count: number, next: () => number): Int8Array {
  return Int8Array.from({ length: count }, () =>
    Math.round(NOISE * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  );
}
