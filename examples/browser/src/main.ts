import type { Box, Face } from "fivepoint";
import * as camera from "./camera.ts";
import { COLOURS, times, timesBox } from "./draw.ts";
import code from "./faces.ts?raw";
import * as ownBox from "./own-box.ts";
import { element, facesIn, message, milliseconds, say } from "./page.ts";
import { describe, showChips, showTable, toJson } from "./results.ts";
import sampleUrl from "./sample.jpg?url";
import * as stage from "./stage.ts";

const cameraButton = element<HTMLButtonElement>("camera");
const mirrorButton = element<HTMLButtonElement>("mirror");
const boxButton = element<HTMLButtonElement>("box");

// The networks come while the page already works; an image is shown before they are there.
type Networks = typeof import("./faces.ts");
let networks: Networks | undefined;
const loading = load();

async function load(): Promise<Networks> {
  try {
    networks = await import("./faces.ts");
  } catch (error) {
    // What a browser says of a script that didn't arrive is a TypeError.
    throw new Error(
      error instanceof TypeError
        ? "The networks couldn't be loaded. Check the connection and reload the page."
        : `This browser can't run fivepoint: ${message(error)}`,
    );
  }
  const { landmarker, finder } = networks.info;
  element("tier").textContent = landmarker.simd;
  element("memory").textContent =
    `${((landmarker.memoryBytes + finder.memoryBytes) / 2 ** 20).toFixed(1)} MiB`;
  element("weights").textContent = [finder, landmarker]
    .map(({ weights: { name, version } }) => `${name} ${version}`)
    .join("\n");
  return networks;
}
loading.catch(() => {}); // said where they are needed

const STILL_SIDE = 640;
const VIDEO_SIDE = 320;

let imageName = "";
/** In pixels of the image as shown. */
let faces: Face[] = [];
let isDrawing = false;
/** The person's own box, once one is drawn. */
let box: Box | undefined;
let turn = 0;

/**
 * Begins what a person has asked for, and ends what was going on.
 * @returns whether it is still what was asked for last: who has waited for something asks before going on
 */
function begin(): () => boolean {
  camera.stop();
  cameraButton.textContent = "Use camera";
  mirrorButton.hidden = true;
  const mine = ++turn;
  return () => mine === turn;
}

/** Reads the image on the stage. @returns the milliseconds that it took */
function read({ find, read, align }: Networks, maxSide: number): number {
  const image = stage.readPixels();
  const scale = stage.scale();
  const start = performance.now();
  const found = box ? [read(image, timesBox(box, 1 / scale))] : find(image, maxSide);
  const time = performance.now() - start;
  faces = found.map((face) => times(face, scale));
  showChips(faces, align(image, found));
  stage.mark({ faces, box });
  return time;
}

/** What is said of the faces beside the image. */
function showResults(time?: number): void {
  showTable(faces);
  stage.view.ariaLabel = describe(faces);
  for (const id of ["copy", "download"]) element<HTMLButtonElement>(id).disabled = faces.length === 0;
  element("time").textContent = time === undefined ? "–" : milliseconds(time);
}

function show(source?: stage.Source): void {
  faces = [];
  setDrawing(false);
  boxButton.disabled = !source || source.image === camera.video;
  element("rate").parentElement!.hidden = source?.image !== camera.video;
  stage.show(source);
  showChips([], []);
  showResults();
}

/** Lets the browser show what there is before work that keeps it. */
const painted = () =>
  Promise.race([
    new Promise((resume) => requestAnimationFrame(() => setTimeout(resume))),
    new Promise((resume) => setTimeout(resume, 100)), // a page in the background isn't painted
  ]);

/** Finds the faces of a still image, or reads the one in the person's own box. */
async function analyse(): Promise<void> {
  const isWanted = begin();
  if (box) stage.mark({ faces: [], box });
  let time: number;
  try {
    if (!networks) say("Loading the networks…", "busy");
    else if (!box) say("Looking for faces…", "busy");
    const ready = await loading;
    if (!box) await painted();
    if (!isWanted()) return;
    time = read(ready, STILL_SIDE); // a box may be too small for its image
  } catch (error) {
    if (isWanted()) say(message(error), "problem");
    return;
  }
  showResults(time);
  if (box)
    say(
      `Score ${faces[0]!.score.toFixed(2)}.${faces[0]!.score < 0.5 ? " There may be no face in this box." : ""}`,
    );
  else if (faces.length === 0) say("No face found. If there is one, draw a box around it.");
  else say(`${facesIn(faces.length)} found in ${milliseconds(time)}.`);
}

async function openImage(name: string, load: () => Promise<Blob>): Promise<void> {
  const isWanted = begin();
  say("Opening the image…", "busy");
  let bitmap: ImageBitmap;
  try {
    const blob = await load();
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" }).catch(() => {
      throw new Error("This file isn't an image that the browser can read.");
    });
  } catch (error) {
    if (!isWanted()) return;
    show();
    say(message(error), "problem");
    return;
  }
  if (!isWanted()) return;
  imageName = name;
  show({ image: bitmap, width: bitmap.width, height: bitmap.height });
  await analyse();
}
const openFile = (file: File) => openImage(file.name, async () => file);
const openSample = () =>
  openImage("sample.jpg", async () => {
    const response = await fetch(sampleUrl).catch(() => undefined);
    if (!response?.ok) throw new Error("The sample photo couldn't be loaded.");
    return response.blob();
  });

async function useCamera(): Promise<void> {
  const isWanted = begin();
  show();
  say("Waiting for the camera…", "busy");
  cameraButton.textContent = "Stop camera";
  const end = (text: string) => {
    begin();
    show();
    say(text, "problem");
  };
  try {
    const started = await camera.start(isWanted, () => end("The camera was disconnected."));
    if (!started) return;
    mirrorButton.hidden = false;
    mirrorButton.ariaPressed = String(started.facesPerson);
  } catch (error) {
    if (isWanted()) end(message(error));
    return;
  }
  imageName = "camera";
  say("Camera on.", networks ? undefined : "busy");
  loading.catch((error) => isWanted() && say(message(error), "problem"));
  follow(isWanted);
}

/** Finds the faces of each frame. */
function follow(isWanted: () => boolean): void {
  let shape = "";
  let count = -1;
  let frames = 0;
  let since = performance.now();
  camera.eachFrame(isWanted, () => {
    const { videoWidth: width, videoHeight: height } = camera.video;
    const isMirrored = mirrorButton.ariaPressed === "true";
    // A telephone that is rotated gives frames of another shape.
    if (shape !== `${width}×${height}, ${isMirrored}`) {
      shape = `${width}×${height}, ${isMirrored}`;
      show({ image: camera.video, width, height, isMirrored });
    } else stage.takeFrame();
    if (!networks) return stage.mark({ faces });
    const time = read(networks, VIDEO_SIDE);
    frames++;
    const passed = performance.now() - since;
    // The figures change no oftener than the eye follows.
    if (passed >= 250) {
      element("rate").textContent = ((1000 * frames) / passed).toFixed(0);
      frames = 0;
      since = performance.now();
    }
    if (frames === 0 || faces.length !== count) showResults(time);
    if (faces.length === count) return;
    count = faces.length;
    say(`Camera on. ${facesIn(count)} in view.`);
  });
}

/** Begins or ends the drawing of a box. */
function setDrawing(isOn: boolean): void {
  isDrawing = isOn;
  box = undefined;
  boxButton.ariaPressed = String(isOn);
  element("hint").hidden = !isOn;
  stage.view.classList.toggle("drawing", isOn);
  // An application: screen readers leave the arrow keys to it.
  stage.view.role = isOn ? "application" : "img";
  if (isOn) stage.view.tabIndex = 0;
  else stage.view.removeAttribute("tabindex");
}

cameraButton.addEventListener("click", () => {
  if (cameraButton.textContent === "Use camera") return void useCamera();
  begin();
  show();
  say("The camera is off.");
});
mirrorButton.addEventListener("click", () => {
  mirrorButton.ariaPressed = String(mirrorButton.ariaPressed !== "true");
});
element<HTMLInputElement>("file").addEventListener("change", ({ target }) => {
  const input = target as HTMLInputElement;
  const [file] = input.files ?? [];
  if (file) void openFile(file);
  input.value = "";
});
element("sample").addEventListener("click", () => void openSample());
boxButton.addEventListener("click", () => {
  const hadBox = !!box;
  setDrawing(!isDrawing);
  if (isDrawing) stage.view.focus();
  if (hadBox) void analyse();
});
ownBox.listen({
  isOn: () => isDrawing,
  box: () => box,
  use(next) {
    box = next;
    void analyse();
  },
});

async function copy(text: string, what: string): Promise<void> {
  if (!navigator.clipboard)
    return say("Copying works only on secure pages: open this one by https or on localhost.", "problem");
  await navigator.clipboard.writeText(text).then(
    () => say(`Copied ${what}.`),
    (error) => say(`The browser doesn't let this page copy: ${message(error)}`, "problem"),
  );
}
element("copy").addEventListener("click", () => {
  void copy(toJson(imageName, faces), `${facesIn(faces.length)} as JSON`);
});
element("copy-code").addEventListener("click", () => void copy(code, "the code"));
element("download").addEventListener("click", async () => {
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await stage.drawing());
    link.download = `${imageName.replace(/\.\w+$/, "")}-points.jpg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // once it is saved
  } catch (error) {
    say(message(error), "problem");
  }
});

document.addEventListener("paste", ({ clipboardData }) => {
  const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (file) void openFile(file);
  else say("What was pasted isn't an image.", "problem");
});
const dropPlace = stage.view.parentElement!;
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  dropPlace.classList.add("over");
});
document.addEventListener("dragleave", () => dropPlace.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  dropPlace.classList.remove("over");
  const [file] = event.dataTransfer?.files ?? [];
  if (file) void openFile(file);
  else say("What was dropped isn't a file.", "problem");
});

element("code").textContent = code;
document.querySelectorAll("th i").forEach((dot, i) => {
  (dot as HTMLElement).style.background = COLOURS[i]!;
});
void openSample();
