/**
 * fivepoint, or a peer of npm, in a process of its own; child.py is the same for peers of PyPI.
 *
 * The argument is JSON: `detector`, and what it is created with. The first line on standard output has the package's version and the size of its
 * models. Then each line on standard input is a `Request`, and one on standard output its `Reply`.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type Box, createLandmarker, type ImageLike, type Point } from "fivepoint";
import { createFinder, findFaces } from "fivepoint/finder";
import { importOpenVino, serializeWeights } from "fivepoint/openvino";
import manifest from "../../package.json" with { type: "json" };
import { CACHE } from "./contenders.ts";

export interface Request {
  /** The file of all pixels, RGB. */
  readonly file: string;
  readonly images: readonly {
    readonly offset: number;
    readonly width: number;
    readonly height: number;
    /** Where the face is, for what reads points in a box. */
    readonly box?: Box | undefined;
  }[];
  /** Answers below the detector's own threshold, too. */
  readonly all: boolean;
}

export interface Found {
  readonly score?: number;
  readonly box?: Box;
  readonly points?: readonly Point[];
}

export interface Reply {
  /** By image. */
  readonly found: readonly (readonly Found[])[];
  /** Milliseconds from pixels to answer, by image. */
  readonly ms: readonly number[];
}

interface Setup {
  readonly detector: string;
  readonly maxSide?: number;
  /** The official network's .xml and .bin in place of the default weights. */
  readonly official?: readonly [xml: string, bin: string];
}

interface Detector {
  readonly version: string;
  /** Of the models as they are shipped. */
  readonly bytes: number;
  detect(image: ImageLike, options: { box?: Box | undefined; all: boolean }): Found[] | Promise<Found[]>;
}

/** Low enough that what it leaves out can't be a face. */
const LEAST = 0.02;
const size = (...files: string[]) => files.reduce((sum, file) => sum + statSync(file).size, 0);
const WEIGHTS = "weights/default.safetensors";
const FINDER = "weights/finder.safetensors";
const own = { version: `fivepoint ${manifest.version}` };

async function faces({ maxSide }: Setup): Promise<Detector> {
  const [finder, landmarker] = await Promise.all([createFinder({ maxSide }), createLandmarker()]);
  return {
    ...own,
    bytes: size(WEIGHTS, FINDER),
    detect: (image, { all }) => findFaces(image, { finder, landmarker, ...(all && { minScore: 0 }) }),
  };
}

async function boxes({ maxSide }: Setup): Promise<Detector> {
  const finder = await createFinder({ maxSide });
  return {
    ...own,
    bytes: size(FINDER),
    detect: (image, { all }) =>
      finder.find(image, all ? { minScore: LEAST } : {}).map(({ score, ...box }) => ({ score, box })),
  };
}

async function points({ official }: Setup): Promise<Detector> {
  const read = official?.map((file) => readFileSync(file));
  const weights = read && serializeWeights(importOpenVino(read[0]!.toString(), read[1]!));
  const landmarker = await createLandmarker({ weights });
  return {
    ...own,
    bytes: size(official?.[1] ?? WEIGHTS),
    detect: (image, { box }) => [{ points: landmarker.detect(image, box).points }],
  };
}

/** face-api on TensorFlow.js's wasm backend: it can't be imported in Node, but it can be required. */
async function faceApi() {
  const require = createRequire(join(CACHE, "node/package.json"));
  const path = require.resolve("@vladmandic/face-api/dist/face-api.node-wasm.js");
  const models = join(dirname(path), "../model");
  const api = require(path);
  api.tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await api.tf.setBackend("wasm");
  await api.tf.ready();
  const { version } = require("@vladmandic/face-api/package.json");
  /** Gives the pixels of an image, or of a part of it, to `use`. */
  const withTensor = async <T>(
    { data, width, height }: ImageLike,
    part: Box,
    use: (tensor: unknown) => Promise<T>,
  ) => {
    const whole = api.tf.tensor3d(data as Uint8Array, [height, width, 3], "int32");
    const { x, y } = part;
    const tensor = api.tf.slice(whole, [y, x, 0], [part.height, part.width, 3]);
    const result = await use(tensor);
    api.tf.dispose([whole, tensor]);
    return result;
  };
  return {
    api,
    models,
    version: `@vladmandic/face-api ${version}`,
    bytes: (...names: string[]) => size(...names.map((name) => join(models, `${name}.bin`))),
    withTensor,
  };
}

const mean = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
});

/** The five points of 68: an eye is the mean of its six. */
const five = (all: readonly Point[]): Point[] => [
  mean(all.slice(36, 42)),
  mean(all.slice(42, 48)),
  ...[30, 48, 54].map((i) => ({ x: all[i]!.x, y: all[i]!.y })),
];

interface FaceApiFace {
  readonly detection: { readonly box: Box; readonly score: number };
  readonly landmarks: { readonly positions: readonly Point[] };
}

const answerOf = ({ box, score }: FaceApiFace["detection"]): Found => ({
  score,
  box: { x: box.x, y: box.y, width: box.width, height: box.height },
});

/** With points only where its own threshold holds: below it there are too many boxes. */
async function faceApiFaces({ maxSide }: Setup): Promise<Detector> {
  const { api, models, version, bytes, withTensor } = await faceApi();
  await api.nets.tinyFaceDetector.loadFromDisk(models);
  await api.nets.faceLandmark68TinyNet.loadFromDisk(models);
  return {
    version,
    bytes: bytes("tiny_face_detector_model", "face_landmark_68_tiny_model"),
    detect: (image, { all }) =>
      withTensor(image, { x: 0, y: 0, width: image.width, height: image.height }, async (tensor) => {
        if (all) {
          const options = new api.TinyFaceDetectorOptions({ inputSize: maxSide, scoreThreshold: LEAST });
          return (await api.detectAllFaces(tensor, options)).map(answerOf);
        }
        const options = new api.TinyFaceDetectorOptions({ inputSize: maxSide });
        const faces: FaceApiFace[] = await api.detectAllFaces(tensor, options).withFaceLandmarks(true);
        return faces.map(({ detection, landmarks }) => ({
          ...answerOf(detection),
          points: five(landmarks.positions),
        }));
      }),
  };
}

async function faceApiPoints(kind: "tiny" | "full"): Promise<Detector> {
  const { api, models, version, bytes, withTensor } = await faceApi();
  const net = kind === "tiny" ? api.nets.faceLandmark68TinyNet : api.nets.faceLandmark68Net;
  await net.loadFromDisk(models);
  return {
    version,
    bytes: bytes(kind === "tiny" ? "face_landmark_68_tiny_model" : "face_landmark_68_model"),
    detect: (image, { box }) =>
      withTensor(image, box!, async (tensor) => {
        const { positions } = await net.detectLandmarks(tensor);
        return [{ points: five(positions).map(({ x, y }) => ({ x: box!.x + x, y: box!.y + y })) }];
      }),
  };
}

const DETECTORS: Record<string, (setup: Setup) => Promise<Detector>> = {
  findFaces: faces,
  find: boxes,
  points,
  "face-api": faceApiFaces,
  "face-api 68 tiny": () => faceApiPoints("tiny"),
  "face-api 68": () => faceApiPoints("full"),
};

const setup = JSON.parse(process.argv[2]!) as Setup;
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const { detect, ...opened } = await DETECTORS[setup.detector]!(setup);
say(opened);
for await (const line of createInterface({ input: process.stdin })) {
  const { file, images, all } = JSON.parse(line) as Request;
  const pixels = readFileSync(file);
  const found: Found[][] = [];
  const ms: number[] = [];
  for (const { offset, width, height, box } of images) {
    const data = new Uint8Array(pixels.subarray(offset, offset + width * height * 3));
    const began = performance.now();
    const answer = await detect({ data, width, height, format: "rgb" }, { box, all });
    ms.push(performance.now() - began);
    found.push(answer.map(({ score, box, points }) => ({ score, box, points }) as Found));
  }
  say({ found, ms } satisfies Reply);
}
