import { type Box, createLandmarker, type Face } from "fivepoint";
import sampleUrl from "../../astronaut.jpg?url";
import { describe, drawBox, drawFace, tableRow } from "./draw.ts";
import { boxAround, inside, loadDetector } from "./faces.ts";

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

const landmarker = await createLandmarker();
const { info } = landmarker;
// Lets the engine optimise before the first figure is shown.
const blank = new ImageData(96, 96);
for (let i = 0; i < 100; i++) landmarker.detect(blank);
element("tier").textContent = info.simd;
element("memory").textContent = `${(info.memoryBytes / 2 ** 20).toFixed(1)} MiB`;
element("weights").textContent = `${info.weights.name} ${info.weights.version}`;

let source: CanvasImageSource | undefined;
let boxes: Box[] = [];
let faces: Face[] = [];
let dragStart: { x: number; y: number } | undefined;

function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

const milliseconds = (value: number) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;

function readPixels(): ImageData {
  const { width, height } = pixels.canvas;
  pixels.drawImage(source!, 0, 0, width, height);
  return pixels.getImageData(0, 0, width, height);
}

async function findBoxes(image: ImageData): Promise<Box[]> {
  const findFaces = await loadDetector();
  const start = performance.now();
  const found = await findFaces(image);
  element("finder").textContent = milliseconds(performance.now() - start);
  return found;
}

function locate(image: ImageData): void {
  const usable = boxes.filter((box) => inside(box, image.width, image.height));
  const start = performance.now();
  faces = landmarker.detectAll(image, usable);
  if (faces.length) element("time").textContent = milliseconds((performance.now() - start) / faces.length);
}

function draw(): void {
  context.drawImage(pixels.canvas, 0, 0);
  for (const face of faces) drawFace(context, face);
  if (faces.length === 0) for (const box of boxes) drawBox(context, box, true);
  element("points").replaceChildren(...faces.map(tableRow));
  element("points").closest<HTMLElement>(".points")!.hidden = faces.length === 0;
  view.setAttribute("aria-label", describe(faces));
}

function show(next: CanvasImageSource, width: number, height: number): void {
  const scale = Math.min(1, 1280 / Math.max(width, height));
  for (const canvas of [view, pixels.canvas]) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  view.hidden = false;
  document.querySelector<HTMLElement>(".empty")!.hidden = true;
  source = next;
  boxes = [];
  faces = [];
}

/** Finds the faces of a still picture, or takes the box that a person has drawn. */
async function analyse(): Promise<void> {
  if (!source) return;
  const image = readPixels();
  if (detectorSwitch.checked) {
    say("Looking for faces…");
    boxes = await findBoxes(image);
  }
  locate(image);
  draw();
  say(faces.length || detectorSwitch.checked ? describe(faces) : "Drag a box around the face.");
}

function stopCamera(): void {
  for (const track of (video.srcObject as MediaStream | null)?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  cameraButton.setAttribute("aria-pressed", "false");
}

async function openPicture(blob: Blob): Promise<void> {
  stopCamera();
  try {
    const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
    show(bitmap, bitmap.width, bitmap.height);
  } catch {
    say("This file isn't a picture that the browser can read.");
    return;
  }
  await analyse();
}

async function openCamera(): Promise<void> {
  say("Waiting for the camera…");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    await video.play();
  } catch (error) {
    stopCamera();
    say(`The camera can't be used: ${(error as Error).message}`);
    return;
  }
  cameraButton.setAttribute("aria-pressed", "true");
  show(video, video.videoWidth, video.videoHeight);
  say("Camera on.");
  let count = -1;
  let searched = 0;
  const frame = async () => {
    if (!video.srcObject) return;
    const start = performance.now();
    const image = readPixels();
    // Between searches a face is followed by its own landmarks, which costs next to nothing.
    boxes = faces.map(boxAround).filter((box) => inside(box, image.width, image.height));
    const lost = boxes.length === 0 || faces.some(({ score }) => score < 0.5);
    if (detectorSwitch.checked && (lost ? start - searched > 300 : start - searched > 3000)) {
      boxes = await findBoxes(image);
      searched = performance.now();
    }
    locate(image);
    draw();
    element("frame").textContent = milliseconds(performance.now() - start);
    if (faces.length !== count) {
      count = faces.length;
      say(
        count === 0
          ? "Camera on. No face in view."
          : `Camera on. ${count} ${count === 1 ? "face" : "faces"} in view.`,
      );
    }
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
}

cameraButton.addEventListener("click", () => {
  if (!video.srcObject) return void openCamera();
  stopCamera();
  say("Camera off.");
});
element<HTMLInputElement>("file").addEventListener("change", ({ target }) => {
  const input = target as HTMLInputElement;
  const [file] = input.files ?? [];
  if (file) void openPicture(file);
  input.value = "";
});
element("sample").addEventListener("click", async () => openPicture(await (await fetch(sampleUrl)).blob()));
detectorSwitch.addEventListener("change", () => void analyse());

document.addEventListener("paste", ({ clipboardData }) => {
  const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (file) void openPicture(file);
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
  if (file) void openPicture(file);
});

/** Uses a box that a person has drawn. */
function useBox(box: Box): void {
  detectorSwitch.checked = false;
  boxes = [box];
  locate(pixels.getImageData(0, 0, view.width, view.height));
  draw();
  say(describe(faces));
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
  if (!source) return;
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
  if (!source) return;
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

say("Ready. Choose a picture or the camera.");
