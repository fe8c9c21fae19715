/** Who is measured: what each is called and given, and how it is started. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Box } from "fivepoint";
import { fromFaceApi, fromMediaPipe, fromMtcnn, fromYuNet } from "fivepoint/adapters";
import { parseFinderWeights } from "../../src/core/finder/network.ts";
import { FACE_MIN_SCORE, leastScore } from "../../src/core/finder/options.ts";
import { bestSquare } from "../../src/core/framing.ts";
import { startProcess } from "../hosts/process.ts";
import { REFERENCE } from "../labels.ts";

/** Where the peers lie that aren't in the repository, and what is made of the data. */
export const CACHE = resolve(import.meta.dirname, "../../.cache/peers");

export interface Contender {
  /** What tables call it. */
  readonly name: string;
  readonly runtime: "node" | "torch" | "mediapipe";
  /** The argument of child.ts or child.py. */
  readonly setup: { readonly detector: string; readonly [option: string]: unknown };
}

export interface FaceFinder extends Contender {
  /** What it makes of a photo, where one can choose. */
  readonly input: string;
  /** Its own default threshold. */
  readonly threshold: string;
  /**
   * The square in which the landmark network reads a face best, by its box. Detectors frame faces differently; in such squares they can be
   * compared.
   */
  square(box: Box, score: number): Box;
}

const mediaPipe = ({ x, y, ...size }: Box, score: number): Box =>
  fromMediaPipe({
    detections: [{ boundingBox: { originX: x, originY: y, ...size }, categories: [{ score }] }],
  })[0]!;
const yunet = ({ x, y, width, height }: Box, score: number): Box =>
  fromYuNet([[x, y, width, height, ...Array<number>(10).fill(0), score]])[0]!;

/** Labelled boxes, and the finder's, which learnt from them. `findFaces` reads a larger square, for the sake of turned and covered faces. */
export const widerFace = (box: Box): Box => bestSquare(box, { side: 0.97, drop: 0.054 });

/** The score from which `find` takes a box for a face, by default. */
const LEAST = leastScore(parseFinderWeights(readFileSync("weights/finder.safetensors")));
const findFaces = (maxSide: number): FaceFinder => ({
  ...{ name: "**fivepoint, `findFaces`**", runtime: "node", setup: { detector: "findFaces", maxSide } },
  ...{ input: `${maxSide}`, threshold: `${LEAST}, then ${FACE_MIN_SCORE}`, square: (box) => box },
});
const find = (maxSide: number): FaceFinder => ({
  ...{ name: "**fivepoint, the finder alone**", runtime: "node", setup: { detector: "find", maxSide } },
  ...{ input: `${maxSide}`, threshold: `${LEAST}`, square: widerFace },
});
const yuNet = (maxSide: number): FaceFinder => ({
  ...{ name: "YuNet", runtime: "torch", setup: { detector: "yunet", maxSide } },
  ...{ input: `${maxSide}`, threshold: "0.9", square: yunet },
});

export const FINDERS: Readonly<Record<string, FaceFinder>> = {
  "fivepoint-320": findFaces(320),
  "fivepoint-640": findFaces(640),
  "fivepoint-finder-320": find(320),
  "fivepoint-finder-640": find(640),
  "yunet-320": yuNet(320),
  "yunet-640": yuNet(640),
  "blazeface-short": {
    ...{ name: "BlazeFace, short range", runtime: "mediapipe", setup: { detector: "blazeface short" } },
    ...{ input: "128×128", threshold: "0.5", square: mediaPipe },
  },
  "blazeface-full": {
    ...{ name: "BlazeFace, full range", runtime: "mediapipe", setup: { detector: "blazeface full" } },
    // Looser boxes than those of the short range, which the adapter is for (docs/guides/detectors.md).
    ...{ input: "192×192", threshold: "0.5", square: (box) => bestSquare(box, { side: 0.95, drop: -0.05 }) },
  },
  "face-api": {
    ...{ name: "face-api, tiny", runtime: "node", setup: { detector: "face-api", maxSide: 320 } },
    ...{ input: "320", threshold: "0.5", square: (box, score) => fromFaceApi([{ box, score }])[0]! },
  },
  mtcnn: {
    ...{ name: "MTCNN", runtime: "torch", setup: { detector: "mtcnn", maxSide: 320 } },
    ...{ input: "320", threshold: "0.6, 0.7, 0.7" },
    square: ({ x, y, width, height }, score) => fromMtcnn([[x, y, x + width, y + height, score]])[0]!,
  },
};

export interface Reader extends Contender {
  /** The photo and the box to read, or the region around it to find the face in. */
  readonly given: "box" | "region";
  /** The sets that it was trained on, or that have labels which it had a share in. */
  readonly home?: readonly string[];
}

const OFFICIAL = `${REFERENCE}/omz/landmarks-regression-retail-0009/FP32/landmarks-regression-retail-0009`;

export const LANDMARKS: Readonly<Record<string, Reader>> = {
  "fivepoint-default": {
    ...{ name: "**fivepoint, default weights**", runtime: "node", setup: { detector: "points" } },
    ...{ given: "box", home: ["FairFace"] },
  },
  "fivepoint-official": {
    ...{ name: "official weights", runtime: "node" },
    setup: { detector: "points", official: [`${OFFICIAL}.xml`, `${OFFICIAL}.bin`] },
    ...{ given: "box", home: ["FairFace"] },
  },
  "face-api-68-tiny": {
    ...{ name: "face-api, 68 points, tiny", runtime: "node", setup: { detector: "face-api 68 tiny" } },
    given: "box",
  },
  "face-api-68": {
    ...{ name: "face-api, 68 points", runtime: "node", setup: { detector: "face-api 68" } },
    given: "box",
  },
  "fivepoint-found": {
    ...{
      name: "**fivepoint, `findFaces`**",
      runtime: "node",
      setup: { detector: "findFaces", maxSide: 320 },
    },
    ...{ given: "region", home: ["FairFace"] },
  },
  mesh: {
    ...{ name: "MediaPipe mesh", runtime: "mediapipe", setup: { detector: "mesh" } },
    ...{ given: "region", home: ["FairFace"] },
  },
  "attention-mesh": {
    ...{
      name: "MediaPipe mesh with attention",
      runtime: "mediapipe",
      setup: { detector: "attention mesh" },
    },
    ...{ given: "region", home: ["FairFace"] },
  },
  yunet: {
    ...{ name: "YuNet", runtime: "torch", setup: { detector: "yunet", maxSide: 320 } },
    ...{ given: "region", home: ["WIDER FACE"] },
  },
  mtcnn: {
    ...{ name: "MTCNN", runtime: "torch", setup: { detector: "mtcnn", maxSide: 320 } },
    given: "region",
  },
};

const COMMANDS: Record<Contender["runtime"], readonly string[]> = {
  node: [process.execPath, "--no-warnings", "bench/peers/child.ts"],
  torch: [`${CACHE}/torch/bin/python`, "-m", "bench.peers.child"],
  mediapipe: [`${CACHE}/mediapipe/bin/python`, "-m", "bench.peers.child"],
};

export interface Opened {
  readonly version: string;
  readonly bytes: number;
}

export function open({ runtime, setup }: Contender) {
  const [command, ...args] = COMMANDS[runtime];
  return startProcess<Opened>(command!, [...args, JSON.stringify(setup)], { OMP_NUM_THREADS: "1" });
}
