/** Which labelled face an answer is, if any, and what follows from that for a set of photos. */
import type { Box, Point } from "fivepoint";
import { overlap } from "./overlap.ts";

export interface Match {
  /** What lies between right and false counts as neither. */
  readonly kind: "right" | "false" | "neither";
  /** The labelled face that is nearest to the answer. */
  readonly face: number;
}

/** A box is right when it overlaps a labelled face by half, and false when it overlaps none by a tenth. */
export function matchBox(box: Box, truth: readonly Box[]): Match {
  const overlaps = truth.map((label) => overlap(label, box));
  const best = Math.max(0, ...overlaps);
  return { kind: best >= 0.5 ? "right" : best < 0.1 ? "false" : "neither", face: overlaps.indexOf(best) };
}

/** Points are right when the box of a labelled face holds four of the five, and false when no box holds any. */
export function matchPoints(points: readonly Point[], truth: readonly Box[]): Match {
  const inside = truth.map(
    ({ x, y, width, height }) =>
      points.filter((p) => p.x >= x && p.x <= x + width && p.y >= y && p.y <= y + height).length,
  );
  const most = Math.max(0, ...inside);
  return { kind: most >= 4 ? "right" : most === 0 ? "false" : "neither", face: inside.indexOf(most) };
}

/** An answer in one of many photos. */
export interface Judged {
  readonly score: number;
  readonly kind: Match["kind"];
  /** Which of the counted faces of all photos it is; undefined for another, and for none. */
  readonly counted: number | undefined;
}

/** @param faces how many counted faces there are */
export function rates(answers: readonly Judged[], photos: number, faces: number) {
  const right = answers.filter(({ kind }) => kind === "right").length;
  const wrong = answers.filter(({ kind }) => kind === "false").length;
  const found = new Set(answers.flatMap(({ counted }) => counted ?? []));
  return { precision: right / (right + wrong), recall: found.size / faces, alarms: wrong / photos };
}

/**
 * Of the counted faces and the false answers alone, the threshold falling: the recall before there are more than `alarms` false ones a
 * photo, and the area under precision, made monotone, over recall. Both are cut short (`cut`) where answers of lower scores might add to them.
 */
export function curve(answers: readonly Judged[], photos: number, faces: number, alarms: number) {
  const found = new Set<number>();
  const points: { recall: number; precision: number; wrong: number }[] = [];
  let wrong = 0;
  for (const { kind, counted } of [...answers].sort((a, b) => b.score - a.score)) {
    if (kind === "false") wrong++;
    else if (counted !== undefined && !found.has(counted)) found.add(counted);
    else continue;
    points.push({ recall: found.size / faces, precision: found.size / (found.size + wrong), wrong });
  }
  let area = 0;
  let best = 0;
  for (const [i, { recall, precision }] of [...points.entries()].reverse()) {
    best = Math.max(best, precision);
    area += (recall - (points[i - 1]?.recall ?? 0)) * best;
  }
  const within = points.filter((at) => at.wrong <= alarms * photos);
  return { recall: within.at(-1)?.recall ?? 0, area, cut: within.length === points.length };
}
