/**
 * The errors of `headPose` and usual values of `blurriness`, in the tables of docs/POINTS.md:
 *
 *     node bench/points.ts [list.csv]
 *
 * Without a list: poses from projections with known angles and noise, and the sample photo blurred and shrunk. A list adds photos: it has
 * the columns file, x0,y0 … x4,y4 and yaw, the sine of the angle by which a face is turned to the image's left, as
 * weights/train/mesh.py writes it; photos lie beside it, and those that don't are left out.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "csv-parse/sync";
import { createLandmarker, eyeDistance, headPose, type ImageLike, type Point } from "fivepoint";
import sharp, { type Sharp } from "sharp";
import { boxAround } from "../src/cli/eval/conditions.ts";
import { HEAD } from "../src/core/pose.ts";
import { random } from "../test/support/random.ts";
import { labelledPoints } from "./labels.ts";
import { quantile } from "./statistics.ts";
import { markdownTable } from "./table.ts";

const [list] = process.argv.slice(2);
const rms = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const deviation = (values: readonly number[]) => rms(values.map((v) => v - mean(values)));

const table = (...parts: Parameters<typeof markdownTable>) => console.log(`\n${markdownTable(...parts)}`);

const next = random(1);
const uniform = (most: number) => most * (2 * next() - 1);
const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/** The five points of a head rotated by angles in degrees, in eye distances: Rz(roll) · Ry(yaw) · Rx(pitch). */
function projected(...degrees: [roll: number, yaw: number, pitch: number]): Point[] {
  const [roll, yaw, pitch] = degrees.map((v) => (v * Math.PI) / 180) as [number, number, number];
  return HEAD.map((point) => {
    const [x, y, z] = point as [number, number, number];
    const nodded = [
      x,
      Math.cos(pitch) * y - Math.sin(pitch) * z,
      Math.sin(pitch) * y + Math.cos(pitch) * z,
    ] as const;
    const across = Math.cos(yaw) * nodded[0] + Math.sin(yaw) * nodded[2];
    return {
      x: Math.cos(roll) * across - Math.sin(roll) * nodded[1],
      y: Math.sin(roll) * across + Math.cos(roll) * nodded[1],
    };
  });
}

const BANDS = [
  [0, 15],
  [15, 30],
  [30, 45],
  [45, 60],
  [60, 80],
] as const;

const synthetic = BANDS.flatMap(([low, high]) =>
  [0.03, 0.05].map((noise) => {
    const errors: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < 2000; i++) {
      const side = next() < 0.5 ? -1 : 1;
      const truth = [uniform(30), side * (low + (high - low) * next()), uniform(30)] as const;
      const points = projected(...truth).map(({ x, y }) => ({
        x: x + noise * normal(),
        y: y + noise * normal(),
      }));
      const { roll, yaw, pitch } = headPose(points);
      for (const [axis, angle] of [roll, yaw, pitch].entries()) errors[axis]!.push(angle - truth[axis]!);
    }
    return [`${low}–${high}°`, noise, ...errors.map((each) => rms(each).toFixed(1))];
  }),
);
table(["yaw", "noise, eye distances", "roll", "yaw", "pitch"], synthetic);

const landmarker = await createLandmarker();

async function pixels(image: Sharp): Promise<ImageLike> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, format: "rgb" };
}

interface Photo {
  readonly image: ImageLike;
  readonly yaw: number;
  readonly points: Point[];
}

async function* photos(path: string): AsyncGenerator<Photo> {
  for (const row of parse(readFileSync(path), { columns: true }) as Record<string, string>[]) {
    const file = join(dirname(path), row.file!);
    if (!existsSync(file)) continue;
    const image = await pixels(sharp(file));
    const labelled = labelledPoints(row);
    const { points } = landmarker.detect(image, boxAround(labelled, 2.1));
    yield { image, points, yaw: (-Math.asin(Number(row.yaw)) / Math.PI) * 180 };
  }
}

if (list !== undefined) {
  const found: { yaw: number; pose: ReturnType<typeof headPose>; eyes: number; sharpness: number }[] = [];
  for await (const { image, points, yaw } of photos(list)) {
    const sharpness = landmarker.blurriness(image, { points });
    found.push({ yaw, pose: headPose(points), eyes: eyeDistance(points), sharpness });
  }
  table(
    ["yaw of the mesh", "photos", "error of yaw, RMS", "outwards, mean", "pitch, mean", "pitch, SD"],
    BANDS.flatMap(([low, high]) => {
      const band = found.filter(({ yaw }) => Math.abs(yaw) >= low && Math.abs(yaw) < high);
      if (band.length < 20) return [];
      const outwards = band.map(({ yaw, pose }) => Math.sign(yaw) * (pose.yaw - yaw));
      const pitch = band.map(({ pose }) => pose.pitch);
      const numbers = [rms(outwards), mean(outwards), mean(pitch), deviation(pitch)];
      return [[`${low}–${high}°`, band.length, ...numbers.map((v) => v.toFixed(1))]];
    }),
  );
  const eyes = found.map((each) => each.eyes);
  const values = found.map(({ sharpness }) => sharpness);
  const range = (sample: readonly number[], digits: number) =>
    [0.05, 0.5, 0.95].map((p) => quantile(sample, p).toFixed(digits)).join(", ");
  console.log(
    `\n5 %, median and 95 % of ${found.length} photos: eye distance ${range(eyes, 1)}; blurriness ${range(values, 0)}`,
  );
}

// The sample photo, as it is, blurred, and shrunk; blurred by a Gaussian of so many pixels of the chip.
const sample = "examples/astronaut.jpg";
const box = { x: 140, y: 67, width: 106, height: 112 };
const whole = await pixels(sharp(sample));
const { points } = landmarker.detect(whole, box);
const chipPixel = eyeDistance(points) / 35.2;
const blurred = await Promise.all(
  [0, 0.5, 1, 2, 4].map(async (sigma) => {
    const image = sigma === 0 ? whole : await pixels(sharp(sample).blur(Math.max(0.3, sigma * chipPixel)));
    return [
      `blurred, σ ${sigma}`,
      eyeDistance(points).toFixed(0),
      landmarker.blurriness(image, { points }).toFixed(0),
    ];
  }),
);
const shrunk = await Promise.all(
  [2, 4].map(async (factor) => {
    const image = await pixels(sharp(sample).resize({ width: Math.round(whole.width / factor) }));
    const smaller = points.map(({ x, y }) => ({ x: x / factor, y: y / factor }));
    return [
      `shrunk by ${factor}`,
      eyeDistance(smaller).toFixed(0),
      landmarker.blurriness(image, { points: smaller }).toFixed(0),
    ];
  }),
);
table(["the sample photo", "eye distance, pixels", "blurriness"], [...blurred, ...shrunk]);
landmarker.dispose();
