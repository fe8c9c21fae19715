/** The roofline: each stage's speed over its multiply-adds a byte, under what the machine gives at most. SVG without a DOM. */
import { scaleLog } from "d3-scale";
import type { Stage, TierStages } from "./stages.ts";

/** A panel for each arithmetic, side by side, with a common legend below. */
const PANEL = { width: 320, left: 56, right: 8, top: 84, bottom: 484 };
const WIDTH = 3 * PANEL.width + 16;
const HEIGHT = 612;
const X = { domain: [0.25, 32], ticks: [0.25, 0.5, 1, 2, 4, 8, 16, 32] } as const;
const Y = { domain: [4, 256], ticks: [4, 8, 16, 32, 64, 128, 256] } as const;
/** Okabe and Ito's colours, told apart by colour-blind people too. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73"];
/** Pixels between the lines of two names. */
const LINE = 15;

/** Stages under a tenth of a million multiply-adds: 4 µs together, left out of the picture. */
const SMALL = 100_000;

interface Roof {
  readonly name: string;
  /** Multiply-adds a nanosecond. */
  readonly peak: number;
  /** Bytes a nanosecond. */
  readonly bandwidth: number;
  readonly stages: readonly Stage[];
}

export function rooflineChart(tiers: readonly TierStages[]): string {
  const roofs: Roof[] = tiers.map(({ tier, peak, bandwidth, stages }) => {
    return { name: `f32, ${tier} tier`, peak, bandwidth, stages };
  });
  const [first] = tiers as [TierStages]; // int8 is the same code in both
  roofs.push({
    name: "int8, both tiers",
    peak: first.peakInt16,
    bandwidth: first.bandwidth,
    stages: first.int8,
  });
  const parts = [
    '<text x="16" y="28" font-size="17" font-weight="bold">The stages under the machine\'s roof, on one core</text>',
    ...roofs.map((roof, i) => panel(roof, i * PANEL.width, COLOURS[i]!)),
    `<text x="${WIDTH / 2}" y="${PANEL.bottom + 42}" text-anchor="middle">multiply-adds per byte of weights and maps</text>`,
    legend(PANEL.left, PANEL.bottom + 70),
  ];
  const middle = (PANEL.top + PANEL.bottom) / 2;
  parts.push(
    `<text x="16" y="${middle}" text-anchor="middle" transform="rotate(-90 16 ${middle})">multiply-adds per nanosecond (f32: × 2 = GFLOP/s)</text>`,
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ` +
    `font-family="system-ui, sans-serif" font-size="13">` +
    `<title>Roofline of the stages</title><rect width="100%" height="100%" fill="#fff"/>${parts.join("\n")}</svg>\n`
  );
}

function panel({ name, peak, bandwidth, stages }: Roof, offset: number, colour: string): string {
  const [left, right] = [offset + PANEL.left, offset + PANEL.width - PANEL.right];
  const { top, bottom } = PANEL;
  const x = scaleLog(X.domain, [left, right]);
  const y = scaleLog(Y.domain, [bottom, top]);
  const parts = [
    `<text x="${left}" y="${top - 28}" font-weight="bold" fill="${colour}">${name}</text>`,
    `<text x="${left}" y="${top - 11}" fill="#555">peak ${peak.toFixed(1)}, cache ${bandwidth.toFixed(0)} GB/s</text>`,
  ];
  for (const tick of X.ticks) {
    parts.push(
      `<path d="M${px(x(tick))} ${top}V${bottom}" stroke="#e4e4e4"/>`,
      `<text x="${px(x(tick))}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
    );
  }
  for (const tick of Y.ticks) {
    parts.push(
      `<path d="M${left} ${px(y(tick))}H${right}" stroke="#e4e4e4"/>`,
      `<text x="${left - 7}" y="${px(y(tick))}" dy=".35em" text-anchor="end">${tick}</text>`,
    );
  }
  const start = Math.max(X.domain[0], Y.domain[0] / bandwidth);
  parts.push(
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#333"/>`,
    `<path d="M${px(x(start))} ${px(y(Math.min(peak, start * bandwidth)))}L${px(x(Math.max(start, peak / bandwidth)))} ${px(y(peak))}H${right}" fill="none" stroke="${colour}" stroke-width="2"/>`,
  );
  const marks = stages
    .filter(({ direct }) => direct >= SMALL)
    .map(({ name, us, direct, executed, bytes }) => ({
      name,
      x: x(executed / bytes),
      executed: y(executed / us / 1000),
      direct: y(direct / us / 1000),
    }));
  for (const { x, executed, direct } of marks)
    parts.push(
      `<path d="M${px(x)} ${px(executed)}V${px(direct)}" stroke="${colour}" stroke-dasharray="2 3"/>`,
    );
  for (const { x, executed, direct } of marks) {
    parts.push(filled(x, executed, colour), hollow(x, direct, colour));
  }
  const labels = (key: "executed" | "direct") =>
    marks.map((mark): Label => ({ name: mark.name, x: mark.x, y: mark[key] }));
  parts.push(names(labels("executed"), "below"), names(labels("direct"), "above"));
  return parts.join("\n");
}

interface Label {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/**
 * Names by their marks. Stages of similar shape have marks on one another: their names stand beside them in a column, in
 * order, tied to their marks; the leftmost column's to the left, the rightmost one's to the right, those between above or
 * below.
 * @param room where there is room for them: the roof runs between the two kinds of marks
 */
function names(labels: readonly Label[], room: "above" | "below"): string {
  const columns: Label[][] = [];
  for (const label of [...labels].sort((a, b) => a.x - b.x)) {
    const column = columns.at(-1);
    if (column && label.x - column.at(-1)!.x < 2 * LINE) column.push(label);
    else columns.push([label]);
  }
  // A rim of white keeps a name apart from the lines behind it.
  const text = (name: string, x: number, y: number, anchor: string) =>
    `<text x="${px(x)}" y="${px(y)}" dy=".35em" text-anchor="${anchor}" paint-order="stroke" stroke="#fff" stroke-width="4">${name}</text>`;
  return columns
    .flatMap((column, i) => {
      if (i > 0 && i < columns.length - 1)
        return column.map(({ name, x, y }) => text(name, x, y + (room === "above" ? -LINE : LINE), "middle"));
      const side = i === 0 ? -1 : 1;
      const edge = side < 0 ? column[0]!.x : column.at(-1)!.x;
      const sorted = column.sort((a, b) => a.y - b.y);
      return spread(
        sorted.map(({ y }) => y),
        room,
      ).map((to, k) => {
        const { name, x, y } = sorted[k]!;
        const at = edge + 17 * side;
        return (
          `<path d="M${px(x + 6 * side)} ${px(y)}L${px(at - 2 * side)} ${px(to)}" stroke="#999"/>` +
          text(name, at, to, side < 0 ? "end" : "start")
        );
      });
    })
    .join("\n");
}

/** Heights in ascending order, moved apart to at least a line, all to one side. */
function spread(heights: readonly number[], side: "above" | "below"): number[] {
  if (side === "above")
    return spread(heights.map((y) => -y).reverse(), "below")
      .map((y) => -y)
      .reverse();
  const moved: number[] = [];
  for (const y of heights) moved.push(Math.max(y, (moved.at(-1) ?? Number.NEGATIVE_INFINITY) + LINE));
  return moved;
}

function legend(left: number, top: number): string {
  const rows = [
    [
      filled(left + 14, 0, "#555"),
      "multiply-adds that are executed: Winograd leaves many out; none of these marks can pass the roof",
    ],
    [
      hollow(left + 14, 0, "#555"),
      "multiply-adds of the layer's definition, in the same time: above the roof, Winograd beats every direct convolution",
    ],
    [
      `<path d="M${left} 0h28" stroke="#555" stroke-width="2"/>`,
      "the roof: what this machine gives at most, computing from registers or reading from the cache",
    ],
  ] as const;
  return rows
    .map(
      ([mark, words], i) =>
        `<g transform="translate(0 ${top + 19 * i})">${mark}<text x="${left + 38}" dy=".35em">${words}</text></g>`,
    )
    .join("\n");
}

const filled = (x: number, y: number, colour: string) =>
  `<circle cx="${px(x)}" cy="${px(y)}" r="5" fill="${colour}" stroke="#fff"/>`;
const hollow = (x: number, y: number, colour: string) =>
  `<circle cx="${px(x)}" cy="${px(y)}" r="5" fill="#fff" stroke="${colour}" stroke-width="2"/>`;
const px = (value: number) => value.toFixed(1);
