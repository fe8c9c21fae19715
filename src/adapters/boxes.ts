/**
 * Boxes of other people's face detectors. Each function takes what its detector gives and returns boxes for `detectAll`: squares in
 * image pixels in which the landmark network reads such a detector's faces best, best score first. Boxes without an area
 * are left out. All throw TypeError or RangeError for anything else than their detector's results.
 */
import { expected } from "../core/errors.ts";
import { bestSquare, type Framing, WIDER_FACE } from "../core/framing.ts";
import type { Box } from "../core/types.ts";

/** A box for the landmark network. */
export interface DetectedBox extends Box {
  /** How sure the detector is, mostly in 0..1; undefined where it doesn't say. */
  readonly score: number | undefined;
}

/** The size of the image, in pixels: for detectors that give fractions of its sides. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Where the network reads best: bench/boxes.ts measured it on labelled faces (docs/guides/detectors.md), or else where a comment says. */
const FRAMINGS = {
  mediapipe: { side: 1.1, drop: -0.05 },
  human: { side: 0.75, drop: 0.01 },
  faceApi: { side: 0.95, drop: -0.05 },
  yunet: { side: 1, drop: 0.025 },
  mtcnn: { side: 1.05, drop: 0.025 },
  retinaFace: WIDER_FACE,
  /** As the zoo's own demos enlarge its detectors' boxes. */
  openModelZoo: { side: 1.15, drop: 0 },
  /** As it is: every system has a detector of its own. */
  browser: { side: 1, drop: 0 },
} satisfies Record<string, Framing>;

/** A face as its detector frames it. */
type Framed = readonly [x: number, y: number, width: number, height: number, score?: number | undefined];

/** A list of faces, of any kind, as squares. */
function squares<T>(
  framing: Framing,
  name: string,
  faces: Iterable<T>,
  read: (face: T) => Framed | undefined,
): DetectedBox[] {
  if (typeof faces?.[Symbol.iterator] !== "function")
    throw expected(TypeError, name, "a list of faces", faces);
  const boxes: DetectedBox[] = [];
  for (const [i, face] of [...faces].entries()) {
    const framed = typeof face === "object" && face !== null ? read(face) : undefined;
    if (!framed?.slice(0, 4).every(Number.isFinite))
      throw expected(TypeError, `${name}[${i}]`, "a face of this detector, with a box of numbers", face);
    const [x, y, width, height, score] = framed;
    if (width > 0 && height > 0) boxes.push({ ...bestSquare({ x, y, width, height }, framing), score });
  }
  return boxes.sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
}

/** Rows of numbers, or all rows in one list, as tensors and matrices hold them. */
export type Rows = ArrayLike<number> | readonly ArrayLike<number>[];

function rowsOf(rows: Rows, columns: number, name: string): ArrayLike<number>[] {
  if (typeof rows?.length !== "number") throw expected(TypeError, name, `rows of ${columns} numbers`, rows);
  const list = Array.from(rows as ArrayLike<number | ArrayLike<number>>);
  if (typeof list[0] !== "number") return list as ArrayLike<number>[];
  if (list.length % columns !== 0) throw expected(RangeError, name, `rows of ${columns} numbers`, rows);
  const count = list.length / columns;
  return Array.from({ length: count }, (_, i) => list.slice(i * columns, (i + 1) * columns) as number[]);
}

/** From a box, where there is one. */
const sides = (box: Box | undefined, score?: number): Framed | undefined =>
  box && [box.x, box.y, box.width, box.height, score];

/** From two opposite corners. */
const between = (x1: number, y1: number, x2: number, y2: number, score?: number): Framed => [
  ...([x1, y1, x2 - x1, y2 - y1] as const),
  score,
];

export interface MediaPipeDetection {
  /** Of `@mediapipe/tasks-vision`, in pixels. */
  readonly boundingBox?: {
    readonly originX: number;
    readonly originY: number;
    readonly width: number;
    readonly height: number;
  };
  readonly categories?: readonly { readonly score: number }[];
  /** Of Python's `solutions.face_detection`, as `MessageToDict` gives it, in fractions of the image's sides. */
  readonly locationData?: {
    readonly relativeBoundingBox?: {
      readonly xmin?: number;
      readonly ymin?: number;
      readonly width?: number;
      readonly height?: number;
    };
  };
  readonly score?: readonly number[];
}

/**
 * MediaPipe's face detector.
 * @param result of `FaceDetector.detect` in `@mediapipe/tasks-vision`, or Python's detections as JSON
 * @param image needed where boxes are relative to it: Python's
 */
export function fromMediaPipe(
  result: { readonly detections: readonly MediaPipeDetection[] },
  image?: ImageSize,
): DetectedBox[] {
  const read = ({ boundingBox, locationData, categories, score }: MediaPipeDetection): Framed | undefined => {
    const sure = categories?.[0]?.score ?? score?.[0];
    if (boundingBox) {
      const { originX, originY, width, height } = boundingBox;
      return [originX, originY, width, height, sure];
    }
    if (!locationData?.relativeBoundingBox) return undefined;
    const { xmin = 0, ymin = 0, width = 0, height = 0 } = locationData.relativeBoundingBox;
    const size = checkSize(image);
    return [xmin * size.width, ymin * size.height, width * size.width, height * size.height, sure];
  };
  return squares(FRAMINGS.mediapipe, "result.detections", result?.detections, read);
}

/**
 * human (`@vladmandic/human`), with its mesh or without.
 * @param result of `human.detect`
 */
export function fromHuman(result: {
  readonly face: readonly {
    readonly box: ArrayLike<number>;
    readonly score?: number;
    readonly boxScore?: number;
  }[];
}): DetectedBox[] {
  return squares(FRAMINGS.human, "result.face", result?.face, (face) => {
    const [x, y, width, height] = Array.from(face.box ?? []) as [number, number, number, number];
    return [x, y, width, height, face.boxScore ?? face.score];
  });
}

export interface BlazeFace {
  /** Of `@tensorflow-models/blazeface`, not as tensors. */
  readonly topLeft?: unknown;
  readonly bottomRight?: unknown;
  readonly probability?: unknown;
  /** Of `@tensorflow-models/face-detection`. */
  readonly box?: {
    readonly xMin: number;
    readonly yMin: number;
    readonly width: number;
    readonly height: number;
  };
}

/**
 * BlazeFace, MediaPipe's detector, by TensorFlow.js.
 * @param faces of `estimateFaces` of `@tensorflow-models/blazeface` (with `returnTensors` false, which is its default) or of
 *   `@tensorflow-models/face-detection`
 */
export function fromBlazeFace(faces: readonly BlazeFace[]): DetectedBox[] {
  const numbers = (value: unknown) =>
    ArrayBuffer.isView(value) || Array.isArray(value) ? Array.from(value as number[]) : [];
  return squares(FRAMINGS.mediapipe, "faces", faces, (face) => {
    if (face.box) return [face.box.xMin, face.box.yMin, face.box.width, face.box.height];
    const [x1, y1] = numbers(face.topLeft) as [number, number];
    const [x2, y2] = numbers(face.bottomRight) as [number, number];
    const score = typeof face.probability === "number" ? face.probability : numbers(face.probability)[0];
    return between(x1, y1, x2, y2, score);
  });
}

export interface FaceApiDetection {
  readonly box: Box;
  readonly score: number;
}

/**
 * face-api (`@vladmandic/face-api`): its tiny detector.
 * @param detections of `detectAllFaces`, alone or with landmarks and the like
 */
export function fromFaceApi(
  detections: readonly (FaceApiDetection | { readonly detection: FaceApiDetection })[],
): DetectedBox[] {
  return squares(FRAMINGS.faceApi, "detections", detections, (face) => {
    const { box, score } = "detection" in face ? face.detection : face;
    return sides(box, score);
  });
}

/**
 * The browser's own `FaceDetector` (Shape Detection API), which gives no scores.
 * @param faces of its `detect`
 */
export function fromFaceDetector(faces: readonly { readonly boundingBox: Box }[]): DetectedBox[] {
  return squares(FRAMINGS.browser, "faces", faces, ({ boundingBox }) => sides(boundingBox));
}

/**
 * YuNet, by OpenCV's `FaceDetectorYN`.
 * @param rows N × 15: x, y, width, height, five points, score; in OpenCV.js `faces.data32F`
 */
export function fromYuNet(rows: Rows): DetectedBox[] {
  return squares(FRAMINGS.yunet, "rows", rowsOf(rows, 15, "rows"), (row) => [
    row[0]!,
    row[1]!,
    row[2]!,
    row[3]!,
    row[14],
  ]);
}

/**
 * RetinaFace and SCRFD, in InsightFace and elsewhere.
 * @param rows N × 5: x1, y1, x2, y2, score; more columns only as rows of their own
 */
export function fromRetinaFace(rows: Rows): DetectedBox[] {
  return squares(FRAMINGS.retinaFace, "rows", rowsOf(rows, 5, "rows"), (row) =>
    between(row[0]!, row[1]!, row[2]!, row[3]!, row[4]),
  );
}

/**
 * MTCNN, in facenet-pytorch and elsewhere.
 * @param rows N × 5: x1, y1, x2, y2, probability
 */
export function fromMtcnn(rows: Rows): DetectedBox[] {
  return squares(FRAMINGS.mtcnn, "rows", rowsOf(rows, 5, "rows"), (row) =>
    between(row[0]!, row[1]!, row[2]!, row[3]!, row[4]),
  );
}

/**
 * Detectors of the Open Model Zoo that end in a DetectionOutput, such as face-detection-retail-0005.
 * @param rows N × 7: image_id, label, confidence, x_min, y_min, x_max, y_max in fractions of the image's sides; rows from a negative
 *   image_id on are none
 * @param minScore rows of a lower confidence are left out
 */
export function fromOpenModelZoo(rows: Rows, image: ImageSize, minScore = 0.5): DetectedBox[] {
  const { width, height } = checkSize(image);
  const list = rowsOf(rows, 7, "rows");
  const end = list.findIndex((row) => row[0]! < 0);
  const sure = list.slice(0, end < 0 ? list.length : end).filter((row) => !(row[2]! < minScore));
  return squares(FRAMINGS.openModelZoo, "rows", sure, (row) =>
    between(row[3]! * width, row[4]! * height, row[5]! * width, row[6]! * height, row[2]),
  );
}

function checkSize(image: ImageSize | undefined): ImageSize {
  if (!(image && image.width > 0 && image.height > 0))
    throw expected(TypeError, "image", "the image, or its width and height,", image);
  return image;
}
