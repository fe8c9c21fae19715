/**
 * Aligned chips (112×112, RGBA) of faces of 150, 600 and 1,200 pixels in a photo of 12 megapixels, against OpenCV's warpAffine in one
 * thread of Python, by turns in one run:
 *
 *     npm run bench:align [python]
 *
 * `python` is one with OpenCV and numpy, by default /usr/bin/python3 (Debian's python3-opencv). Fails when a chip without antialias
 * isn't OpenCV's to the byte.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { alignFace, createLandmarkerSync, similarityTransform } from "fivepoint";
import { resolveTemplate } from "../src/core/templates.ts";
import { random } from "../test/support/random.ts";
import { median } from "./statistics.ts";

interface Answer {
  opencv: string;
  chips: { microseconds: number; sha256: string }[];
}

const [python = "/usr/bin/python3"] = process.argv.slice(2);
const [width, height, size] = [4000, 3000, 112];
const ROUNDS = 5;
const CALLS = 40;
const { points: TEMPLATE } = resolveTemplate("arcface112");

const next = random(1);
const photo = { data: Uint8Array.from({ length: width * height * 4 }, () => 256 * next()), width, height };
const faces = [150, 600, 1200].map((side) => {
  const [a, c] = [(side / size) * Math.cos(0.2), (side / size) * Math.sin(0.2)];
  const points = TEMPLATE.map(({ x, y }) => ({ x: 1500 + a * x - c * y, y: 900 + c * x + a * y }));
  const box = { x: 1500 - 0.2 * side, y: 900, width: side, height: side };
  return { side, points, box };
});
const matrices = faces.map(({ points }) => similarityTransform(points, TEMPLATE).matrix);

const landmarker = createLandmarkerSync();
const plain = { antialias: false };
const CONTENDERS = {
  align: ({ points }) => landmarker.align(photo, { points }, plain),
  "align, antialias": ({ points }) => landmarker.align(photo, { points }),
  alignFace: ({ points }) => alignFace(photo, points, plain),
  "alignFace, antialias": ({ points }) => alignFace(photo, points),
  detect: ({ box }) => landmarker.detect(photo, box),
  "detect, align": ({ box, points }) => {
    landmarker.detect(photo, box);
    return landmarker.align(photo, { points }, plain);
  },
  "detect, align, antialias": ({ box, points }) => {
    landmarker.detect(photo, box);
    return landmarker.align(photo, { points });
  },
} satisfies Record<string, (face: (typeof faces)[number]) => unknown>;

/** Microseconds of one call: the median of some. */
function time(call: () => unknown): number {
  const times = Array.from({ length: CALLS }, () => {
    const began = performance.now();
    call();
    return 1000 * (performance.now() - began);
  });
  return median(times);
}

const folder = mkdtempSync(join(tmpdir(), "fivepoint-align-"));
const child = spawn(python, [join(import.meta.dirname, "align.py")], { stdio: ["pipe", "pipe", "inherit"] });
child.stdin.on("error", () => {}); // its end says why
try {
  const file = join(folder, "photo.rgba");
  writeFileSync(file, photo.data);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${python} ended with status ${code}: it needs cv2 and numpy.`);
  });
  ended.catch(() => {});
  /** Of each face and round the microseconds of each contender. */
  const rounds = faces.map((): Record<string, number>[] => []);
  let version = "";
  for (let round = 0; round <= ROUNDS; round++) {
    process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    child.stdin.write(`${JSON.stringify({ photo: file, width, height, size, matrices })}\n`);
    const { value } = await Promise.race([lines.next(), ended]);
    const { opencv, chips } = JSON.parse(value!) as Answer;
    version = opencv;
    for (const [i, face] of faces.entries()) {
      const chip = createHash("sha256").update(CONTENDERS.align(face).data).digest("hex");
      if (chip !== chips[i]!.sha256) throw new Error(`The chip of ${face.side} pixels isn't OpenCV's.`);
      const found = { OpenCV: chips[i]!.microseconds } as Record<string, number>;
      for (const [name, call] of Object.entries(CONTENDERS)) found[name] = time(() => call(face));
      // The first round warms up.
      if (round > 0) rounds[i]!.push(found);
    }
  }
  for (const [i, { side }] of faces.entries()) {
    console.log(`\nface of ${side} pixels, µs (÷ OpenCV ${version}'s warpAffine)`);
    const best = (name: string) => Math.min(...rounds[i]!.map((round) => round[name]!));
    for (const name of Object.keys(rounds[i]![0]!)) {
      const ratio = (best(name) / best("OpenCV")).toFixed(2);
      console.log(`${name.padEnd(26)}${best(name).toFixed(1).padStart(10)}${ratio.padStart(8)}`);
    }
  }
} finally {
  child.stdin.end();
  child.kill();
  rmSync(folder, { recursive: true });
  landmarker.dispose();
}
