import { type Box, createLandmarker, type Face, type Landmarker } from "fivepoint";
import sampleUrl from "../../astronaut.jpg?url";
import { describe, drawBox, drawFace, tableRow, times } from "./draw.ts";
import { boxAround, inside, loadDetector, readFaces } from "./faces.ts";

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const view = element<HTMLCanvasElement>("view");
const status = element("status");
const cameraButton = element<HTMLButtonElement>("camera");
const detectorSwitch = element<HTMLInputElement>("detector");
const context = view.getContext("2d")!;

// Pixels are read from a canvas of their own: drawing on the visible one never disturbs them.
const pixels = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
const video = document.createElement("video");
video.muted = true;
video.playsInline = true;

const LONGEST_SIDE = 1280; // of the canvas: larger images are shrunk to it, their points counted in the whole image

function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}
const message = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function start(): Promise<Landmarker> {
  try {
    return await createLandmarker();
  } catch (error) {
    say(`This browser can't run fivepoint: ${message(error)}`);
    throw error;
  }
}
const landmarker = await start();
const { info } = landmarker;
// Lets the engine optimise before the first figure is shown.
const blank = new ImageData(96, 96);
for (let i = 0; i < 100; i++) landmarker.detect(blank);
element("tier").textContent = info.simd;
element("memory").textContent = `${(info.memoryBytes / 2 ** 20).toFixed(1)} MiB`;
element("weights").textContent = `${info.weights.name} ${info.weights.version}`;

/** What is on the stage. What takes a while keeps the object it began with, and has come too late once it is another. */
interface Shown {
  readonly source?: CanvasImageSource;
  /** Pixels of the source for each pixel of the canvas. */
  readonly scale: number;
}
const NOTHING: Shown = { scale: 1 };
let shown = NOTHING;
/** Of searches for faces: the last one counts, and none that a person's own box has overtaken. */
let search = 0;
let boxes: Box[] = [];
let faces: Face[] = [];
let dragStart: { x: number; y: number } | undefined;

const milliseconds = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;

function readPixels(): ImageData {
  const { width, height } = pixels.canvas;
  pixels.drawImage(shown.source!, 0, 0, width, height);
  return pixels.getImageData(0, 0, width, height);
}

async function findBoxes(image: ImageData): Promise<Box[]> {
  const findFaces = await loadDetector();
  const start = performance.now();
  const found = await findFaces(image);
  element("finder").textContent = milliseconds(performance.now() - start);
  return found;
}

/** @param read what reads the boxes; by default each box is a face, since a person or the finder says so */
function locate(image: ImageData, read = (usable: Box[]) => landmarker.detectAll(image, usable)): void {
  const usable = boxes.filter((box) => inside(box, image.width, image.height));
  const start = performance.now();
  faces = read(usable);
  if (usable.length) element("time").textContent = milliseconds((performance.now() - start) / usable.length);
}

/** The faces, in pixels of the image as it was opened. */
const inImage = () => faces.map((face) => times(face, shown.scale));

function draw(): void {
  context.drawImage(pixels.canvas, 0, 0);
  for (const face of faces) drawFace(context, face);
  if (faces.length === 0) for (const box of boxes) drawBox(context, box, true);
  element("points").replaceChildren(...inImage().map(tableRow));
  element("points").closest<HTMLElement>(".points")!.hidden = faces.length === 0;
  view.setAttribute("aria-label", describe(inImage()));
}

/** Puts an image on the stage, or nothing; nothing of the one before stays. */
function show(source?: CanvasImageSource, width = 0, height = 0): Shown {
  const shrink = Math.min(1, LONGEST_SIDE / Math.max(width, height, 1));
  for (const canvas of [view, pixels.canvas]) {
    canvas.width = Math.max(1, Math.round(width * shrink));
    canvas.height = Math.max(1, Math.round(height * shrink));
  }
  view.hidden = !source;
  document.querySelector<HTMLElement>(".empty")!.hidden = !!source;
  shown = source ? { source, scale: 1 / shrink } : { ...NOTHING };
  search++;
  boxes = [];
  faces = [];
  dragStart = undefined;
  for (const id of ["time", "finder", "frame"]) element(id).textContent = "–";
  draw();
  return shown;
}

function stopStream(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Clears the stage for what comes next, and ends the camera. */
function clear(): Shown {
  stopStream(video.srcObject as MediaStream | null);
  video.srcObject = null;
  cameraButton.setAttribute("aria-pressed", "false");
  return show();
}

/** Finds the faces of a still image, or waits for the box that a person draws. */
async function analyse(): Promise<void> {
  const { source } = shown;
  if (!source || source === video) return;
  const mine = ++search;
  boxes = [];
  const image = readPixels();
  if (detectorSwitch.checked) {
    say("Looking for faces…");
    try {
      const found = await findBoxes(image);
      if (mine !== search) return;
      boxes = found;
    } catch (error) {
      if (mine !== search) return;
      detectorSwitch.checked = false;
      say(`The face finder can't be used (${message(error)}). Drag a box around the face.`);
      return;
    }
  }
  locate(image);
  draw();
  say(faces.length || detectorSwitch.checked ? describe(inImage()) : "Drag a box around the face.");
}

async function openImage(load: () => Promise<Blob>): Promise<void> {
  const mine = clear();
  say("Opening the image…");
  try {
    const blob = await load();
    const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" }).catch(() => {
      throw new Error("This file isn't an image that the browser can read.");
    });
    if (shown !== mine) return;
    show(bitmap, bitmap.width, bitmap.height);
  } catch (error) {
    if (shown === mine) say(message(error));
    return;
  }
  await analyse();
}
const openFile = (file: File) => openImage(async () => file);

async function loadSample(): Promise<Blob> {
  const response = await fetch(sampleUrl).catch(() => undefined);
  if (!response?.ok) throw new Error("The sample photo couldn't be loaded.");
  return response.blob();
}

const CAMERA_PROBLEMS: Record<string, string> = {
  NotAllowedError: "The camera is blocked: allow it in the browser's settings for this page.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera can't be used: another program may be using it.",
};

async function openCamera(): Promise<void> {
  const mine = clear();
  if (!navigator.mediaDevices) {
    say("The camera works only on secure pages: open this one by https or on localhost.");
    return;
  }
  say("Waiting for the camera…");
  cameraButton.setAttribute("aria-pressed", "true");
  let stream: MediaStream | null = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    if (shown !== mine) return stopStream(stream);
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    stopStream(stream);
    if (shown !== mine) return;
    clear();
    say(CAMERA_PROBLEMS[(error as Error).name] ?? `The camera can't be used: ${message(error)}`);
    return;
  }
  if (shown !== mine) return stopStream(stream);
  for (const track of stream.getTracks())
    track.addEventListener("ended", () => {
      if (video.srcObject !== stream) return;
      clear();
      say("The camera was disconnected.");
    });
  say("Camera on.");
  await follow(stream);
}

const nextFrame = () => new Promise((next) => video.requestVideoFrameCallback(next));

/** Faces from frame to frame, for as long as the camera gives this stream. */
async function follow(stream: MediaStream): Promise<void> {
  let count = -1;
  let searched = 0;
  let size = "";
  for (; video.srcObject === stream; await nextFrame()) {
    const start = performance.now();
    // A telephone that is rotated gives frames of another shape.
    if (size !== `${video.videoWidth}×${video.videoHeight}`) {
      size = `${video.videoWidth}×${video.videoHeight}`;
      show(video, video.videoWidth, video.videoHeight);
    }
    const image = readPixels();
    // Between searches a face is followed by its own landmarks, which costs next to nothing.
    boxes = faces.map(boxAround);
    if (detectorSwitch.checked && start - searched > (faces.length ? 3000 : 300)) {
      const mine = search;
      try {
        const found = await findBoxes(image);
        if (video.srcObject !== stream) return;
        if (mine === search && detectorSwitch.checked) boxes = found;
        else boxes = faces.map(boxAround);
      } catch (error) {
        if (video.srcObject !== stream) return;
        detectorSwitch.checked = false;
        say(`The face finder can't be used (${message(error)}). Drag a box around the face.`);
      }
      searched = performance.now();
    }
    locate(image, (usable) => readFaces(landmarker, image, usable));
    draw();
    element("frame").textContent = milliseconds(performance.now() - start);
    if (faces.length !== count) {
      count = faces.length;
      const people = count === 1 ? "1 face" : `${count || "No"} ${count ? "faces" : "face"}`;
      const hint = count === 0 && !detectorSwitch.checked ? " Drag a box around one." : "";
      say(`Camera on. ${people} in view.${hint}`);
    }
  }
}

cameraButton.addEventListener("click", () => {
  if (cameraButton.getAttribute("aria-pressed") === "false") return void openCamera();
  clear();
  say("Camera off.");
});
element<HTMLInputElement>("file").addEventListener("change", ({ target }) => {
  const input = target as HTMLInputElement;
  const [file] = input.files ?? [];
  if (file) void openFile(file);
  input.value = "";
});
element("sample").addEventListener("click", () => void openImage(loadSample));
detectorSwitch.addEventListener("change", () => void analyse());

document.addEventListener("paste", ({ clipboardData }) => {
  const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (file) void openFile(file);
});
const stage = view.parentElement!;
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  stage.classList.add("over");
});
document.addEventListener("dragleave", () => stage.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  stage.classList.remove("over");
  const [file] = event.dataTransfer?.files ?? [];
  if (file) void openFile(file);
  else say("What was dropped isn't a file.");
});

/** Uses a box that a person has drawn. */
function useBox(box: Box): void {
  search++;
  detectorSwitch.checked = false;
  boxes = [box];
  locate(pixels.getImageData(0, 0, view.width, view.height));
  draw();
  say(describe(inImage()));
}

const position = ({ offsetX, offsetY }: PointerEvent) => ({
  x: (offsetX * view.width) / view.clientWidth,
  y: (offsetY * view.height) / view.clientHeight,
});
const between = (a: { x: number; y: number }, b: { x: number; y: number }): Box => ({
  x: Math.min(a.x, b.x),
  y: Math.min(a.y, b.y),
  width: Math.abs(a.x - b.x),
  height: Math.abs(a.y - b.y),
});
view.addEventListener("pointerdown", (event) => {
  dragStart = position(event);
  view.setPointerCapture(event.pointerId);
});
view.addEventListener("pointermove", (event) => {
  if (!dragStart) return;
  const box = between(dragStart, position(event));
  if (box.width >= 8 && box.height >= 8) useBox(box);
});
for (const end of ["pointerup", "pointercancel"])
  view.addEventListener(end, () => {
    dragStart = undefined;
  });
view.addEventListener("keydown", (event) => {
  const { width, height } = view;
  const side = Math.min(width, height) / 2;
  const box = boxes[0] ?? { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
  const step = Math.max(1, width / 100);
  const grow = (by: number): Box => ({
    x: box.x - by,
    y: box.y - by,
    width: box.width + 2 * by,
    height: box.height + 2 * by,
  });
  const moved: Record<string, Box> = {
    ArrowLeft: { ...box, x: box.x - step },
    ArrowRight: { ...box, x: box.x + step },
    ArrowUp: { ...box, y: box.y - step },
    ArrowDown: { ...box, y: box.y + step },
    "+": grow(step),
    "-": grow(-step),
  };
  const next = moved[event.key];
  if (!next || !inside(next, width, height)) return;
  event.preventDefault();
  useBox(next);
});

say("Ready. Choose a photo or the camera.");
