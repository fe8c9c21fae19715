/**
 * Images as web pages and their workers hold them. Decoding and colours are the browser's.
 * @module fivepoint/web
 */
import { shrinkByArea } from "./core/area.ts";
import { asBytes, tagOf } from "./core/bytes.ts";
import { expected } from "./core/errors.ts";
import { checkImage } from "./core/image.ts";
import { type ReadOptions, resolveReading, sizeWithin } from "./core/reading.ts";
import { checkResponse } from "./core/response.ts";
import type { ImageLike, Instance, PixelFormat } from "./core/types.ts";

export type { ImageLike, ReadOptions };

/** What an image is read from. A `File` is a `Blob`. */
export type ImageSource =
  | ImageLike
  | Instance<"ImageData">
  | Instance<"ImageBitmap">
  | Instance<"HTMLCanvasElement">
  | Instance<"OffscreenCanvas">
  | Instance<"HTMLImageElement">
  | Instance<"HTMLVideoElement">
  | Instance<"VideoFrame">
  | Instance<"Blob">
  | Instance<"Response">;

/**
 * Reads an image for a landmarker or a finder: upright by its EXIF orientation, in sRGB.
 *
 * ```js
 * const image = await readImage(file, { maxSide: 1280 });
 * ```
 * What a canvas, an element or a video shows is taken at once, before the promise is returned. Frames and bitmaps stay open; a frame
 * must stay so until the promise settles. Pixels ({ data, width, height }) come back as they are, not copied, unless they have to be
 * shrunk. Transparent pixels have the colours that a canvas gives them: where nothing shows, black.
 * @throws TypeError for what isn't an `ImageSource` or has no pixels (yet, or any more), for a file that the browser doesn't
 *   decode, and for an image of another origin that forbids reading it; RangeError for a bad option or pixels that don't fit
 *   their size; Error for a Response of a failed request (as a rejected promise)
 */
export async function readImage(source: ImageSource, options?: ReadOptions): Promise<ImageLike> {
  const { maxSide = Number.POSITIVE_INFINITY } = resolveReading(options);
  const image = await read(source);
  if (Math.max(image.width, image.height) <= maxSide) return image;
  return shrinkByArea(checkImage(image), sizeWithin(image, maxSide));
}

function read(source: ImageSource): ImageLike | Promise<ImageLike> {
  const tag = tagOf(source);
  const isImageData = tag === "ImageData";
  if (asBytes((source as ImageLike | undefined)?.data) && !(isImageData && isWide(source as ImageData))) {
    checkImage(source as ImageLike);
    return source as ImageLike;
  }
  if (typeof OffscreenCanvas === "undefined")
    throw new Error(
      "readImage of fivepoint/web needs a browser's OffscreenCanvas: fivepoint/node reads files.",
    );
  if (isImageData) return convert(source as ImageData);
  if (Object.hasOwn(DRAWN, tag)) return drawOrCopy(source as Drawn, DRAWN[tag]!);
  if (tag === "Blob" || tag === "File") return decode(source as Blob);
  if (tag === "Response") return download(source as Response);
  const wanted = "pixels, an image, a canvas, a video or one of its frames, a Blob, a File or a Response";
  throw expected(TypeError, "source", wanted, source);
}

/** What a canvas draws. */
type Drawn =
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | VideoFrame;

interface Form {
  /** Its size in pixels; a side is 0 where it has none. */
  size(source: never): readonly [width: number, height: number];
  /** What errors ask for. */
  readonly ready: string;
}

const ofItself = ({ width, height }: { width: number; height: number }) => [width, height] as const;
const HAVE_CURRENT_DATA = 2;

/** By tag. */
const DRAWN: Record<string, Form> = {
  HTMLImageElement: {
    size: (image: HTMLImageElement) => (image.complete ? [image.naturalWidth, image.naturalHeight] : [0, 0]),
    ready: "an image that has loaded (await its decode())",
  },
  HTMLVideoElement: {
    size: (video: HTMLVideoElement) =>
      video.readyState >= HAVE_CURRENT_DATA ? [video.videoWidth, video.videoHeight] : [0, 0],
    ready: "a video that has a frame (wait for its event loadeddata)",
  },
  HTMLCanvasElement: { size: ofItself, ready: "a canvas that has pixels" },
  OffscreenCanvas: { size: ofItself, ready: "a canvas that has pixels and wasn't transferred" },
  ImageBitmap: { size: ofItself, ready: "a bitmap that wasn't closed or transferred" },
  VideoFrame: {
    size: (frame: VideoFrame) => [frame.displayWidth, frame.displayHeight],
    ready: "a frame that wasn't closed or transferred",
  },
};

function drawOrCopy(source: Drawn, { size, ready }: Form): ImageLike | Promise<ImageLike> {
  const [width, height] = size(source as never);
  if (!(width > 0 && height > 0)) throw expected(TypeError, "source", ready, source);
  if (tagOf(source) === "VideoFrame" && isPlane(source as VideoFrame)) return copy(source as VideoFrame);
  return draw(source, width, height);
}

/** Formats of frames whose bytes an image can be as they are. */
const PLANES: Record<string, PixelFormat> = { RGBA: "rgba", RGBX: "rgba", BGRA: "bgra", BGRX: "bgra" };

/** Whether a frame's one plane is what it shows: upright, neither stretched nor in other colours than sRGB. */
function isPlane(frame: VideoFrame): boolean {
  const { format, visibleRect, displayWidth, displayHeight, colorSpace } = frame;
  const { rotation = 0, flip = false } = frame as { rotation?: number; flip?: boolean };
  return (
    Object.hasOwn(PLANES, format ?? "") &&
    visibleRect?.width === displayWidth &&
    visibleRect.height === displayHeight &&
    rotation === 0 &&
    !flip &&
    [null, "bt709"].includes(colorSpace.primaries) &&
    [null, "iec61966-2-1"].includes(colorSpace.transfer)
  );
}

async function copy(frame: VideoFrame): Promise<ImageLike> {
  const { displayWidth: width, displayHeight: height } = frame;
  const format = PLANES[frame.format!]!;
  const data = new Uint8Array(frame.allocationSize());
  await frame.copyTo(data);
  return { data, width, height, format };
}

async function download(response: Response): Promise<ImageLike> {
  checkResponse("source", response);
  return decode(await response.blob());
}

async function decode(file: Blob): Promise<ImageLike> {
  const bitmap = await createImageBitmap(file).catch((cause) => {
    const kind = `${file.size} bytes, ${file.type || "of no type"}`;
    throw new TypeError(`source: this file (${kind}) isn't an image that the browser decodes.`, { cause });
  });
  return drawOnce(bitmap);
}

/** Whether an ImageData is in other colours than sRGB. */
const isWide = ({ colorSpace = "srgb" }: ImageData) => colorSpace !== "srgb";

/** An ImageData in other colours, or of floats. */
const convert = async (image: ImageData) => drawOnce(await createImageBitmap(image));

function drawOnce(bitmap: ImageBitmap): ImageLike {
  try {
    return draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** The canvas that every image passes through: `draw` waits for nothing, so that no call meets what another has drawn. */
let canvas: OffscreenCanvas | undefined;

/** What it holds at most: a frame of 4K. It stays for the next call, and engines limit the area of a canvas. */
const MOST_PIXELS = 4096 * 2160;

/** Draws a source and reads it, some rows at a time where it is large. */
function draw(source: Drawn, width: number, height: number): ImageData {
  const rows = Math.min(height, Math.max(1, Math.floor(MOST_PIXELS / width)));
  canvas ??= new OffscreenCanvas(width, rows);
  if (canvas.width !== width || canvas.height !== rows) Object.assign(canvas, { width, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.globalCompositeOperation = "copy"; // nothing stays of the image before, also where this one is transparent
  const readFrom = (y: number) => {
    context.drawImage(source, 0, -y, width, height);
    return context.getImageData(0, 0, width, Math.min(rows, height - y));
  };
  try {
    if (rows === height) return readFrom(0);
    const whole = new ImageData(width, height);
    for (let y = 0; y < height; y += rows) whole.data.set(readFrom(y).data, 4 * width * y);
    return whole;
  } catch (error) {
    canvas = undefined; // an image of another origin has tainted it for good
    if ((error as Error).name !== "SecurityError") throw error;
    const wanted = `an image of this page's origin, or one that its server lets be read (crossOrigin "anonymous"),`;
    throw expected(TypeError, "source", wanted, source);
  }
}
