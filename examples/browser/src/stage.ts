/** The stage: the image that is shown, its pixels for reading, and the canvas with marks that a person sees. */
import type { Box, Face } from "fivepoint";
import { draw, times, timesBox } from "./draw.ts";
import { element } from "./page.ts";

/** What can be shown: an image, or a video whose frames are. */
export interface Source {
  readonly image: CanvasImageSource;
  readonly width: number;
  readonly height: number;
  readonly isMirrored?: boolean | undefined;
}

/** What is marked, in pixels of the source as shown. */
export interface Marked {
  readonly faces: readonly Face[];
  /** A box of the person's own, with the face that was read in it. */
  readonly box?: Box | undefined;
}

const LONGEST_SIDE = 1280; // of what is read: larger images are shrunk to it
const LONGEST_DRAWING = 4096; // of what is downloaded: telephones have no larger canvases
const MOST_ENLARGED = 3; // on the screen

export const view = element<HTMLCanvasElement>("view");
const stage = view.parentElement!;
const context = view.getContext("2d")!;
// Pixels are read from a canvas of their own: drawing on the visible one never disturbs them.
const pixels = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;

let source: Source | undefined;
let marked: Marked = { faces: [] };

/** The size of the image that is shown, or undefined. */
export const shownSize = (): { readonly width: number; readonly height: number } | undefined => source;

/** Pixels of the source for each pixel that `readPixels` gives. */
export const scale = () => source!.width / pixels.canvas.width;

/** Puts an image on the stage, or takes the last one away; nothing of the one before stays. */
export function show(next?: Source): void {
  source = next;
  marked = { faces: [] };
  view.hidden = !next;
  element("empty").hidden = !!next;
  if (!next) return;
  const shrink = Math.min(1, LONGEST_SIDE / Math.max(next.width, next.height));
  pixels.canvas.width = Math.max(1, Math.round(next.width * shrink));
  pixels.canvas.height = Math.max(1, Math.round(next.height * shrink));
  takeFrame();
  layOut();
}

/** Takes what the source shows now: of a video its frame. */
export function takeFrame(): void {
  const { image, isMirrored } = source!;
  const { width, height } = pixels.canvas;
  pixels.setTransform(isMirrored ? -1 : 1, 0, 0, 1, isMirrored ? width : 0, 0);
  pixels.fillStyle = "#fff"; // behind what is transparent
  pixels.fillRect(0, 0, width, height);
  pixels.drawImage(image, 0, 0, width, height);
}

export const readPixels = (): ImageData => {
  const { width, height } = pixels.canvas;
  return pixels.getImageData(0, 0, width, height);
};

export function mark(next: Marked): void {
  marked = next;
  if (source) drawMarked(context, pixels.canvas, Math.min(devicePixelRatio, 2));
}

/** The image with its marks as a file, as large as the image where a canvas can be. */
export async function drawing(): Promise<Blob> {
  const { width, height } = source!;
  const shrink = Math.min(1, LONGEST_DRAWING / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * shrink);
  canvas.height = Math.round(height * shrink);
  // A video has gone on since its frame was read.
  const image = source!.image instanceof HTMLVideoElement ? pixels.canvas : source!.image;
  drawMarked(canvas.getContext("2d")!, image, Math.max(1, Math.max(canvas.width, canvas.height) / 800));
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  if (!blob) throw new Error("This browser couldn't make an image file of the drawing.");
  return blob;
}

/** @param unit canvas pixels for each pixel of the screen */
function drawMarked(on: CanvasRenderingContext2D, image: CanvasImageSource, unit: number): void {
  const { width, height } = on.canvas;
  on.fillStyle = "#fff";
  on.fillRect(0, 0, width, height);
  on.drawImage(image, 0, 0, width, height);
  const factor = width / source!.width;
  const { faces, box } = marked;
  faces.forEach((face, i) => {
    const placed = times(face, factor);
    if (box) draw(on, { points: placed.points }, unit);
    else draw(on, placed, unit, { number: faces.length > 1 ? i + 1 : undefined });
  });
  if (box) draw(on, { box: timesBox(box, factor) }, unit, { dashed: true });
}

/** Fits the canvas into the stage, with a pixel for each of the screen's so that marks are sharp. */
function layOut(): void {
  if (!source) return;
  const { width, height } = source;
  const fit = Math.min(stage.clientWidth / width, stage.clientHeight / height, MOST_ENLARGED);
  const ratio = Math.min(devicePixelRatio, 2);
  view.style.width = `${width * fit}px`;
  view.style.height = `${height * fit}px`;
  view.width = Math.max(1, Math.round(width * fit * ratio));
  view.height = Math.max(1, Math.round(height * fit * ratio));
  mark(marked);
}
new ResizeObserver(layOut).observe(stage);
