/** The roofline: each stage's speed over its multiply-adds a byte, under what the machine gives at most. SVG without a DOM. */
import { scaleLog } from "d3-scale";
import type { Stage, TierStages } from "./stages.ts";

const WIDTH = 760;
const HEIGHT = 480;
const MARGIN = { top: 64, right: 24, bottom: 56, left: 64 };
/** Okabe and Ito's colours, told apart by colour-blind people too. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73"];

/** Stages under a tenth of a million multiply-adds: 4 µs together, left out of the picture. */
const SMALL = 100_000;

interface Series {
  readonly name: string;
  readonly peak: number;
  readonly bandwidth: number;
  readonly stages: readonly Stage[];
}

export function rooflineChart(tiers: readonly TierStages[]): string {
  const series: Series[] = tiers.map(({ tier, peak, bandwidth, stages }) => {
    return { name: `f32, ${tier}`, peak, bandwidth, stages };
  });
  const [first] = tiers as [TierStages]; // int8 is the same code in both
  series.push({ name: "int8", peak: first.peakInt16, bandwidth: first.bandwidth, stages: first.int8 });
  const x = scaleLog([0.125, 16], [MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLog([2, 256], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const [left, right] = x.range() as [number, number];
  const [bottom, top] = y.range() as [number, number];
  const parts = [
    `<text x="${left}" y="24" font-size="16" font-weight="bold">Stages under the machine's roof, one core</text>`,
    `<text x="${left}" y="44" fill="#555">filled: multiply-adds executed by Winograd · hollow: those of the layer by its definition, in the same time</text>`,
  ];
  for (const tick of [0.125, 0.25, 0.5, 1, 2, 4, 8, 16]) {
    const at = x(tick).toFixed(1);
    parts.push(
      `<path d="M${at} ${top}V${bottom}" stroke="#ddd"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
    );
  }
  for (const tick of [2, 4, 8, 16, 32, 64, 128, 256]) {
    const at = y(tick).toFixed(1);
    parts.push(
      `<path d="M${left} ${at}H${right}" stroke="#ddd"/><text x="${left - 8}" y="${at}" dy=".35em" text-anchor="end">${tick}</text>`,
    );
  }
  const middle = (top + bottom) / 2;
  parts.push(
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#333"/>`,
    `<text x="${(left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">multiply-adds a byte of weights and maps</text>`,
    `<text x="18" y="${middle}" text-anchor="middle" transform="rotate(-90 18 ${middle})">multiply-adds a nanosecond (f32: × 2 = GFLOP/s)</text>`,
  );
  series.forEach(({ name, peak, bandwidth, stages }, i) => {
    const colour = COLOURS[i]!;
    const knee = peak / bandwidth;
    const start = Math.max(x.domain()[0]!, y.domain()[0]! / bandwidth);
    const [x0, y0, x1, y1] = [x(start), y(start * bandwidth), x(knee), y(peak)].map((n) => n.toFixed(1));
    parts.push(
      `<path d="M${x0} ${y0}L${x1} ${y1}H${right}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<text x="${left + 10}" y="${bottom - 48 + 18 * i}" fill="${colour}" font-weight="bold">${name}: peak ${peak.toFixed(1)}, cache ${bandwidth.toFixed(0)} GB/s</text>`,
    );
    const labels: { name: string; at: number; y: number }[] = [];
    for (const { name: stage, us, direct, executed, bytes } of stages) {
      if (direct < SMALL) continue;
      const at = x(executed / bytes);
      const speed = y(executed / us / 1000);
      const defined = y(direct / us / 1000);
      parts.push(
        `<path d="M${at.toFixed(1)} ${speed.toFixed(1)}V${defined.toFixed(1)}" stroke="${colour}" stroke-dasharray="2 3"/>`,
        `<circle cx="${at.toFixed(1)}" cy="${speed.toFixed(1)}" r="5" fill="${colour}"/>`,
        `<circle cx="${at.toFixed(1)}" cy="${defined.toFixed(1)}" r="5" fill="#fff" stroke="${colour}" stroke-width="2"/>`,
      );
      labels.push({ name: stage, at, y: defined });
    }
    if (name === "f32, baseline") return; // right below the others of f32
    // Stages of like shape lie beside each other: their names go to the two sides in turn.
    labels.sort((a, b) => a.y - b.y);
    labels.forEach((label, k) => {
      const side = k % 2 === 0 ? -1 : 1;
      parts.push(
        `<text x="${(label.at + 10 * side).toFixed(1)}" y="${label.y.toFixed(1)}" dy=".35em" text-anchor="${side > 0 ? "start" : "end"}" fill="${colour}">${label.name}</text>`,
      );
    });
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" ` +
    `font-family="system-ui, sans-serif" font-size="13">` +
    `<title>Roofline of the stages</title><rect width="100%" height="100%" fill="#fff"/>${parts.join("\n")}</svg>\n`
  );
}
