import { type Box, type Face, LANDMARK_NAMES } from "fivepoint";

const COLOURS = ["#ffb000", "#fe6100", "#dc267f", "#785ef0", "#648fff"]; // distinct for colour-blind people too
const WORDS: Record<string, string> = {
  leftEye: "left eye",
  rightEye: "right eye",
  nose: "nose",
  leftMouth: "left mouth corner",
  rightMouth: "right mouth corner",
};

/** A face in pixels that are `factor` times as many. */
export const times = ({ box, points, ...face }: Face, factor: number): Face => ({
  ...face,
  box: { x: box.x * factor, y: box.y * factor, width: box.width * factor, height: box.height * factor },
  points: points.map(({ x, y }) => ({ x: x * factor, y: y * factor })),
});

export function drawBox(context: CanvasRenderingContext2D, box: Box, dashed: boolean): void {
  const width = Math.max(1.5, context.canvas.width / 400);
  context.save();
  context.setLineDash(dashed ? [4 * width, 3 * width] : []);
  for (const [colour, line] of [
    ["#000a", 2 * width],
    ["#fff", width],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.strokeRect(box.x, box.y, box.width, box.height);
  }
  context.restore();
}

export function drawFace(context: CanvasRenderingContext2D, face: Face): void {
  const radius = Math.max(2.5, face.box.width / 40);
  drawBox(context, face.box, false);
  face.points.forEach(({ x, y }, i) => {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = COLOURS[i]!;
    context.fill();
    context.lineWidth = radius / 3;
    context.strokeStyle = "#fff";
    context.stroke();
  });
}

/** One row of the table of points. */
export function tableRow(face: Face, index: number): HTMLTableRowElement {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = String(index + 1);
  row.append(head);
  const cells = [...face.points.map(({ x, y }) => `${x.toFixed(1)}, ${y.toFixed(1)}`), face.score.toFixed(2)];
  for (const text of cells) row.insertCell().textContent = text;
  return row;
}

/** What a person who can't see the image hears. */
export function describe(faces: readonly Face[]): string {
  if (faces.length === 0) return "No face found.";
  const [first] = faces;
  const points = LANDMARK_NAMES.map((name, i) => {
    const { x, y } = first!.points[i]!;
    return `${WORDS[name]} at ${Math.round(x)}, ${Math.round(y)}`;
  }).join("; ");
  return faces.length === 1 ? `One face: ${points}.` : `${faces.length} faces. The first: ${points}.`;
}
