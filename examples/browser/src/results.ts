/** What was found: the table, the aligned faces, words for who can't see the image, JSON. */
import type { Face, ImageLike } from "fivepoint";
import { element } from "./page.ts";

/** In the order of `LANDMARK_NAMES`. */
const POINTS = ["left eye", "right eye", "nose", "left mouth corner", "right mouth corner"];

const rows = element("rows");
const chips = element("chips");

export function showTable(faces: readonly Face[]): void {
  rows.replaceChildren(...faces.map(tableRow));
  element("points").hidden = faces.length === 0;
}

function tableRow({ points, score }: Face, index: number): HTMLTableRowElement {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = String(index + 1);
  row.append(head);
  for (const { x, y } of points) row.insertCell().append(span(x.toFixed(1)), span(", "), span(y.toFixed(1)));
  row.insertCell().textContent = score.toFixed(2);
  return row;
}

function span(text: string, className = ""): HTMLSpanElement {
  const part = document.createElement("span");
  part.className = className;
  part.textContent = text;
  return part;
}

/** @param aligned one for each face */
export function showChips(faces: readonly Face[], aligned: readonly ImageLike[]): void {
  while (chips.children.length > faces.length) chips.lastElementChild!.remove();
  while (chips.children.length < faces.length) chips.append(chip(chips.children.length + 1));
  aligned.forEach(({ data, width, height }, i) => {
    const canvas = chips.children[i]!.querySelector("canvas")!;
    canvas.getContext("2d")!.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
    chips.children[i]!.querySelector(".score")!.textContent = faces[i]!.score.toFixed(2);
  });
  element("no-chips").hidden = faces.length > 0;
}

function chip(number: number): HTMLLIElement {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 112;
  canvas.role = "img";
  canvas.ariaLabel = `Face ${number}, aligned`;
  item.append(canvas, span(String(number), "number"), span("", "score"));
  return item;
}

/** What a person who can't see the image hears. */
export function describe(faces: readonly Face[]): string {
  const [first] = faces;
  if (!first) return "Image without a face.";
  const points = first.points
    .map(({ x, y }, i) => `${POINTS[i]} at ${Math.round(x)}, ${Math.round(y)}`)
    .join("; ");
  return faces.length === 1
    ? `Image with one face: ${points}.`
    : `Image with ${faces.length} faces. The first: ${points}.`;
}

/** One face a line, with the fields that `fivepoint detect --json` prints. */
export function toJson(image: string, faces: readonly Face[]): string {
  const lines = faces.map(({ box, points, normalized, score }) =>
    JSON.stringify({
      image,
      box,
      points: points.map(({ x, y }) => [x, y]),
      normalized: [...normalized],
      score,
    }),
  );
  return `[\n  ${lines.join(",\n  ")}\n]\n`;
}
