/**
 * Boxes of other people's detectors: on what the real packages gave for the sample photo (test/fixtures/detections.jsonl, made by
 * detect.py and detect.ts beside it), and, of those that don't install, on results written by their manuals.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createLandmarkerSync, type Point } from "../../dist/index.js";
import { readImage } from "../../dist/node.js";
import {
  type DetectedBox,
  fromBlazeFace,
  fromFaceApi,
  fromFaceDetector,
  fromHuman,
  fromMediaPipe,
  fromMtcnn,
  fromOpenModelZoo,
  fromRetinaFace,
  fromYuNet,
} from "../../src/adapters.ts";

interface Line {
  readonly detector: string;
  readonly package: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a package gives
  readonly output: any;
}
const lines: Line[] = readFileSync("test/fixtures/detections.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const line = (detector: string) => lines.find((line) => line.detector === detector)!;

const ADAPTERS: Record<string, (line: Line) => DetectedBox[]> = {
  mediapipe: (line) => fromMediaPipe(line.output, line),
  "mediapipe-full": (line) => fromMediaPipe(line.output, line),
  "tasks-vision": ({ output }) => fromMediaPipe(output),
  human: ({ output }) => fromHuman(output),
  "human-boxes": ({ output }) => fromHuman(output),
  "face-api": ({ output }) => fromFaceApi(output),
  yunet: ({ output }) => fromYuNet(output),
  mtcnn: ({ output }) => fromMtcnn(output),
};

describe("the real packages' results", async () => {
  const image = await readImage("examples/astronaut.jpg");
  const landmarker = createLandmarkerSync();
  const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);
  // Another network's points: YuNet gives five with its box, the subject's right first, as we do.
  const [row] = line("yunet").output as number[][];
  const points = [4, 6, 8, 10, 12].map((i) => ({ x: row![i]!, y: row![i + 1]! }));
  const eyes = distance(points[0]!, points[1]!);

  it.each(lines.map((line) => [`${line.detector}, ${line.package}`, line] as const))("%s", (_, line) => {
    const boxes = ADAPTERS[line.detector]!(line);
    expect(boxes).toHaveLength(1);
    expect(boxes[0]!.width).toBe(boxes[0]!.height);
    expect(boxes[0]!.score).toBeGreaterThan(0.85);
    expect(boxes[0]!.score).toBeLessThanOrEqual(1);
    const [face] = landmarker.detectAll(image, boxes);
    expect(face!.score).toBeGreaterThan(0.9);
    const error = face!.points.reduce((sum, point, i) => sum + distance(point, points[i]!) / 5, 0) / eyes;
    expect(error).toBeLessThan(0.1);
  });

  it("MediaPipe's boxes are the same from Python and in JavaScript, which rounds them", () => {
    const [python] = ADAPTERS.mediapipe!(line("mediapipe"));
    const [script] = ADAPTERS["tasks-vision"]!(line("tasks-vision"));
    for (const key of ["x", "y", "width", "height"] as const)
      expect(Math.abs(python![key] - script![key])).toBeLessThan(2);
    expect(python!.score).toBeCloseTo(script!.score!, 5);
  });
});

const SIZE = { width: 400, height: 500 };
/** Side and drop of the detectors that bench/boxes.ts measured. */
const MEDIAPIPE = [1.1, -0.05] as const;
const HUMAN = [0.75, 0.01] as const;
const FACE_API = [0.95, -0.05] as const;
const YUNET = [1, 0.025] as const;
const MTCNN = [1.05, 0.025] as const;

/** A face of 80 × 100 at (100, 50) in an image of 400 × 500 as each detector gives it; with a score, it is 0.75. */
const FACES: Record<string, [boxes: DetectedBox[], side: number, drop: number, score?: number]> = {
  "MediaPipe, of tasks-vision": [
    fromMediaPipe({
      detections: [
        { boundingBox: { originX: 100, originY: 50, width: 80, height: 100 }, categories: [{ score: 0.75 }] },
      ],
    }),
    ...MEDIAPIPE,
    0.75,
  ],
  "MediaPipe, of Python": [
    fromMediaPipe(
      {
        detections: [
          {
            locationData: { relativeBoundingBox: { xmin: 0.25, ymin: 0.1, width: 0.2, height: 0.2 } },
            score: [0.75],
          },
        ],
      },
      SIZE,
    ),
    ...MEDIAPIPE,
    0.75,
  ],
  BlazeFace: [
    fromBlazeFace([{ topLeft: [100, 50], bottomRight: [180, 150], probability: [0.75] }]),
    ...MEDIAPIPE,
    0.75,
  ],
  "BlazeFace, with typed arrays": [
    fromBlazeFace([
      {
        topLeft: new Float32Array([100, 50]),
        bottomRight: new Float32Array([180, 150]),
        probability: new Float32Array([0.75]),
      },
    ]),
    ...MEDIAPIPE,
    0.75,
  ],
  "BlazeFace, of face-detection": [
    fromBlazeFace([{ box: { xMin: 100, yMin: 50, width: 80, height: 100 } }]),
    ...MEDIAPIPE,
  ],
  human: [fromHuman({ face: [{ box: [100, 50, 80, 100], score: 1, boxScore: 0.75 }] }), ...HUMAN, 0.75],
  "face-api": [
    fromFaceApi([{ box: { x: 100, y: 50, width: 80, height: 100 }, score: 0.75 }]),
    ...FACE_API,
    0.75,
  ],
  "face-api, with landmarks": [
    fromFaceApi([{ detection: { box: { x: 100, y: 50, width: 80, height: 100 }, score: 0.75 } }]),
    ...FACE_API,
    0.75,
  ],
  YuNet: [fromYuNet([[100, 50, 80, 100, ...Array<number>(10).fill(0), 0.75]]), ...YUNET, 0.75],
  "YuNet, all rows in one list": [
    fromYuNet(new Float32Array([100, 50, 80, 100, ...Array<number>(10).fill(0), 0.75])),
    ...YUNET,
    0.75,
  ],
  "RetinaFace, rows": [fromRetinaFace([new Float32Array([100, 50, 180, 150, 0.75])]), 1.08, 0.045, 0.75],
  "RetinaFace, rows with points": [
    fromRetinaFace([[100, 50, 180, 150, 0.75, ...Array<number>(10).fill(0)]]),
    ...([1.08, 0.045, 0.75] as const),
  ],
  "RetinaFace, all rows in one list": [fromRetinaFace([100, 50, 180, 150, 0.75]), 1.08, 0.045, 0.75],
  MTCNN: [fromMtcnn([[100, 50, 180, 150, 0.75]]), ...MTCNN, 0.75],
  "Open Model Zoo": [
    fromOpenModelZoo(
      new Float32Array([
        ...[0, 1, 0.49, 0, 0, 1, 1], // less than minScore
        ...[0, 1, 0.75, 0.25, 0.1, 0.45, 0.3],
        ...[-1, 0, 0, 0, 0, 0, 0], // the end
        ...[0, 1, 1, 0, 0, 1, 1],
      ]),
      SIZE,
    ),
    ...([1.15, 0, 0.75] as const),
  ],
  "the browser's": [
    fromFaceDetector([{ boundingBox: { x: 100, y: 50, width: 80, height: 100 } }]),
    ...([1, 0] as const),
  ],
};

describe("a face becomes the square of its detector", () => {
  it.each(Object.entries(FACES))("%s", (_, [boxes, side, drop, score]) => {
    expect(boxes).toHaveLength(1);
    const [{ x, y, width, height, ...rest }] = boxes as [DetectedBox];
    expect(width).toBeCloseTo(side * Math.sqrt(80 * 100), 4);
    expect(height).toBe(width);
    expect(x + width / 2).toBeCloseTo(140, 4);
    expect(y + height / 2).toBeCloseTo(100 + 100 * drop, 4);
    expect(rest).toEqual({ score });
  });
});

it("the best faces are first; a face without an area is none", () => {
  const row = (x: number, score: number, width = 10) => [x, 0, x + width, 10, score];
  const found = fromRetinaFace([row(0, 0.5), row(100, 0.9), row(200, 1, 0), row(300, 0.7)]);
  expect(found.map(({ score }) => score)).toEqual([0.9, 0.7, 0.5]);
  expect(found.map(({ x }) => Math.round((x - found[2]!.x) / 100))).toEqual([1, 3, 0]);
});

it("no faces are an empty list", () => {
  expect(fromMediaPipe({ detections: [] })).toEqual([]);
  expect(fromHuman({ face: [] })).toEqual([]);
  for (const from of [fromBlazeFace, fromFaceApi, fromFaceDetector]) expect(from([])).toEqual([]);
  for (const from of [fromYuNet, fromRetinaFace, fromMtcnn]) expect(from(new Float32Array())).toEqual([]);
  expect(fromOpenModelZoo([[-1, 0, 0, 0, 0, 0, 0]], SIZE)).toEqual([]);
});

const tensor = { dataSync: () => new Float32Array(2), shape: [2] };
it.each<[string, () => unknown, typeof TypeError | typeof RangeError, RegExp]>([
  [
    "no result",
    () => fromMediaPipe(undefined as never),
    TypeError,
    /list of faces.*result\.detections.*undefined/,
  ],
  ["a promise", () => fromHuman(Promise.resolve() as never), TypeError, /result\.face/],
  [
    "another detector's result",
    () => fromFaceApi([{ boundingBox: {} }] as never),
    TypeError,
    /detections\[0\]/,
  ],
  ["a face that is none", () => fromFaceDetector([null] as never), TypeError, /faces\[0\].*null/],
  ["tensors", () => fromBlazeFace([{ topLeft: tensor, bottomRight: tensor }]), TypeError, /faces\[0\]/],
  ["numbers that are none", () => fromYuNet([[1, 2, Number.NaN, 4]]), TypeError, /rows\[0\]/],
  ["half a row", () => fromYuNet(new Float32Array(14)), RangeError, /15 numbers for rows.*56 bytes/],
  ["no rows", () => fromRetinaFace(null as never), TypeError, /5 numbers for rows.*null/],
  ["fractions of nothing", () => fromOpenModelZoo([], undefined as never), TypeError, /for image.*undefined/],
  [
    "MediaPipe's fractions without an image",
    () => fromMediaPipe(line("mediapipe").output),
    TypeError,
    /the image.*for image.*undefined/,
  ],
])("refuses %s", (_, attempt, type, message) => {
  expect(attempt).toThrow(type);
  expect(attempt).toThrow(message);
});
