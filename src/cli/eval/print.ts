/** What `fivepoint eval` tells of its runs: a table, JSON, predictions as CSV, curves as SVG. */
import { stringify } from "csv-stringify/sync";
import { LANDMARK_NAMES } from "fivepoint";
import { lineChart } from "../chart.ts";
import type { Report } from "../report.ts";
import { type Condition, describe } from "./conditions.ts";
import { debias, faceError, LIMIT, type Summary, summarise } from "./metrics.ts";
import type { Ranked, Run } from "./run.ts";

interface Scores {
  readonly raw: Summary;
  readonly debiased: Summary;
}

/** The scores of all faces and of each source. */
function score({ faces, answers }: Run): { all: Scores; sources: Map<string, Scores> } {
  const names = faces.map(({ source }) => source);
  const raw = answers.map(({ offsets }) => offsets);
  const debiased = debias(raw, names);
  const part = (keep: (name: string) => boolean): Scores => ({
    raw: summarise(raw.filter((_, i) => keep(names[i]!))),
    debiased: summarise(debiased.filter((_, i) => keep(names[i]!))),
  });
  const sources = [...new Set(names)].map((source) => [source, part((name) => name === source)] as const);
  return { all: part(() => true), sources: new Map(sources) };
}

export async function printJson(
  report: Report,
  runs: readonly Run[],
  ranked: readonly Ranked[],
): Promise<void> {
  for (const [i, run] of runs.entries()) {
    const { all, sources } = score(run);
    const { boxFrom, ...others } = run.condition;
    const line = {
      weights: run.network.name,
      info: run.network.landmarker.info,
      condition: { boxFrom: boxFrom === "given" ? boxFrom : `points:${boxFrom}`, ...others },
      ...all,
      sources: Object.fromEntries(sources),
      ...(i === 0 &&
        ranked.length > 0 && { worst: ranked.map(({ face, error }) => ({ file: face.file, error })) }),
    };
    await report.line(JSON.stringify(line));
  }
}

export async function printText(
  report: Report,
  runs: readonly Run[],
  ranked: readonly Ranked[],
): Promise<void> {
  const conditions = [...new Set(runs.map(({ condition }) => condition))];
  for (const [i, condition] of conditions.entries()) {
    if (i > 0) await report.line("");
    await report.line(describe(condition));
    for (const line of conditionTable(runs.filter((run) => run.condition === condition)))
      await report.line(line);
  }
  for (const [i, { face, error }] of ranked.entries()) {
    if (i === 0) await report.line(`\nworst of ${runs[0]!.network.name}`);
    await report.line(`${String(i + 1).padStart(4)}  ${error.toFixed(4)}  ${face.file}`);
  }
}

function conditionTable(runs: readonly Run[]): string[] {
  const rows = [["", "faces", "raw", "debiased", `> ${LIMIT}`, `AUC@${LIMIT}`, ...LANDMARK_NAMES]];
  for (const run of runs) {
    const { all, sources } = score(run);
    rows.push(tableRow(run.network.name, all));
    if (sources.size < 2) continue;
    for (const [source, scores] of sources) rows.push(tableRow(`  ${source}`, scores));
  }
  return alignColumns(rows);
}

function tableRow(name: string, { raw, debiased }: Scores): string[] {
  return [
    name,
    String(raw.faces),
    raw.mean.toFixed(4),
    debiased.mean.toFixed(4),
    `${(100 * raw.failureRate).toFixed(1)} %`,
    raw.auc.toFixed(3),
    ...raw.points.map((error) => error.toFixed(4)),
  ];
}

/** Lines whose columns are as wide as their widest cell: the first to the left, numbers to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

const PREDICTIONS_HEADER = [
  ...["weights", "condition", "file", "box_x", "box_y", "box_w", "box_h"],
  ...["x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4", "error"],
];

/** Every prediction as CSV, face by face. */
export function predictionsCsv(runs: readonly Run[]): string {
  const rows = runs[0]!.faces.flatMap((face, i) =>
    runs.map(({ network, condition, answers }) => {
      const { box, normalized, offsets } = answers[i]!;
      return [
        ...[network.name, describe(condition), face.file],
        ...[box.x, box.y, box.width, box.height],
        ...normalized,
        faceError(offsets),
      ];
    }),
  );
  return stringify([PREDICTIONS_HEADER, ...rows]);
}

/** Cumulative error curves: how many of the faces have at most an error. */
export function errorCurves(dataset: string, runs: readonly Run[]): string {
  const conditions = new Set(runs.map(({ condition }) => condition)).size;
  const series = runs.map(({ network, condition, answers }) => {
    const offsets = answers.map(({ offsets }) => offsets);
    return {
      name: `${network.name}${where(condition, conditions)}: AUC@${LIMIT} ${summarise(offsets).auc.toFixed(3)}`,
      points: cumulative(offsets.map(faceError).sort((a, b) => a - b)),
    };
  });
  return lineChart(
    `Cumulative error, ${dataset}, ${runs[0]!.faces.length} faces`,
    { label: "normalized error", domain: [0, 2 * LIMIT], format: ".2f" },
    { label: "faces with at most this error", domain: [0, 1], format: ".0%" },
    series,
  );
}

const where = (condition: Condition, conditions: number) =>
  conditions > 1 ? `, ${describe(condition)}` : "";

/** @param errors in ascending order */
function cumulative(errors: readonly number[]): [number, number][] {
  const points: [number, number][] = [];
  for (let i = 0, below = 0; i <= 400; i++) {
    const limit = (i / 400) * 2 * LIMIT;
    while (below < errors.length && errors[below]! <= limit) below++;
    points.push([limit, below / errors.length]);
  }
  return points;
}
