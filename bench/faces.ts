/**
 * How well faces are found in labelled photos, stage by stage: `node bench/faces.ts [folder]`, where the folder holds `val.csv`
 * (file,x,y,width,height,level: one line per face, in pixels) and its photos; by default those of the reference data.
 *
 * What is right and what is false: matching.ts. Prints the area under the ROC curve of both scores, right
 * proposals against false ones, and precision and recall of `findFaces` by its threshold.
 */
import { createLandmarker } from "fivepoint";
import { createFinder, findFaces } from "fivepoint/finder";
import { readImage } from "fivepoint/node";
import { landmarkBox } from "../src/core/finder/faces.ts";
import { labelledPhotos } from "./labels.ts";
import { type Judged, matchBox, matchPoints, rates } from "./matching.ts";

const photos = labelledPhotos(process.argv[2]);
const finder = await createFinder();
const landmarker = await createLandmarker();

/** The share of pairs in which the right one has the higher score; ties count half. */
function areaUnderCurve(right: readonly number[], wrong: readonly number[]): number {
  const won = right.map((score) =>
    wrong.reduce((sum, other) => sum + (score > other ? 1 : score === other ? 0.5 : 0), 0),
  );
  return won.reduce((sum, count) => sum + count, 0) / (right.length * wrong.length);
}

type Side = "right" | "wrong";
const scores: Record<string, Record<Side, number[]>> = {
  "finder's": { right: [], wrong: [] },
  "landmarks', one pass": { right: [], wrong: [] },
  "landmarks', refined": { right: [], wrong: [] },
};
/** Of every answer of findFaces with a threshold of nought. */
const found: Judged[] = [];
let large = 0;
let offset = 0;

for (const { file, truth } of photos) {
  const image = await readImage(file);
  const isLarge = truth.map(
    ({ width, height }) => Math.max(width, height) >= 0.1 * Math.max(image.width, image.height),
  );
  large += isLarge.filter(Boolean).length;

  const proposals = finder.find(image, { minScore: 0.2 });
  const boxes = proposals.map(landmarkBox);
  const once = landmarker.detectAll(image, boxes);
  const refined = landmarker.detectAll(image, boxes, { refine: true });
  for (const [i, proposal] of proposals.entries()) {
    const { kind, face } = matchBox(proposal, truth);
    const side = kind === "right" && isLarge[face] ? "right" : kind === "false" ? "wrong" : undefined;
    if (!side) continue;
    scores["finder's"]![side].push(proposal.score);
    scores["landmarks', one pass"]![side].push(once[i]!.score);
    scores["landmarks', refined"]![side].push(refined[i]!.score);
  }

  for (const { points, score } of findFaces(image, { finder, landmarker, minScore: 0 })) {
    const { kind, face } = matchPoints(points, truth);
    found.push({ score, kind, counted: kind === "right" && isLarge[face] ? offset + face : undefined });
  }
  offset += truth.length;
}

console.log(`${photos.length} photos, ${large} faces of at least a tenth of the photo's longer side`);
for (const [name, { right, wrong }] of Object.entries(scores))
  console.log(
    `${name.padEnd(22)} score: area under the curve ${areaUnderCurve(right, wrong).toFixed(3)} (${right.length} right, ${wrong.length} false)`,
  );
console.log("findFaces at    precision  recall  false per photo");
for (const threshold of [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
  const kept = found.filter(({ score }) => score >= threshold);
  const { precision, recall, alarms } = rates(kept, photos.length, large);
  console.log(
    `${threshold.toFixed(1).padEnd(15)} ${precision.toFixed(3)}      ${recall.toFixed(3)}   ${alarms.toFixed(3)}`,
  );
}
