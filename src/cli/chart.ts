/** Charts as SVG, without a DOM: scales and paths by d3, axes here. */
import { extname } from "node:path";
import { InvalidArgumentError } from "commander";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";

/** Colours of series (Okabe and Ito's palette, told apart by colour-blind people too). */
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const WIDTH = 720;
/** Of the plot with its axes; the legend follows, one line per series. */
const HEIGHT = 460;
const LEGEND = 20;
const MARGIN = { top: 48, right: 24, bottom: 56, left: 64 };

export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  /** A d3-format specifier, like `.0%`. */
  readonly format: string;
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** @throws InvalidArgumentError when a chart would get the name of something else; a name without an ending may be a pipe's */
export function checkChart(flag: string, path: string | undefined): void {
  if (path !== undefined && !["", ".svg"].includes(extname(path).toLowerCase()))
    throw new InvalidArgumentError(`${flag} ${path}: expected a name that ends in .svg.`);
}

/** A chart of lines over common axes, with a legend below. */
export function lineChart(title: string, x: Axis, y: Axis, series: readonly Series[]): string {
  const toX = scaleLinear(x.domain, [MARGIN.left, WIDTH - MARGIN.right]);
  const toY = scaleLinear(y.domain, [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const [left, right] = toX.range() as [number, number];
  const [bottom, top] = toY.range() as [number, number];
  const formatX = toX.tickFormat(8, x.format);
  const formatY = toY.tickFormat(6, y.format);
  const path = line<readonly [number, number]>()
    .x(([value]) => toX(value))
    .y(([, value]) => toY(value))
    .digits(2);

  const parts = [`<text x="${left}" y="24" font-size="16" font-weight="bold">${escapeXml(title)}</text>`];
  for (const tick of toX.ticks(8)) {
    const at = toX(tick).toFixed(2);
    parts.push(`<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="#ddd"/>`);
    parts.push(`<text x="${at}" y="${bottom + 18}" text-anchor="middle">${formatX(tick)}</text>`);
  }
  for (const tick of toY.ticks(6)) {
    const at = toY(tick).toFixed(2);
    parts.push(`<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 8}" y="${at}" dy=".35em" text-anchor="end">${formatY(tick)}</text>`);
  }
  const middle = (top + bottom) / 2;
  parts.push(
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#333"/>`,
    `<text x="${(left + right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text x="18" y="${middle}" text-anchor="middle" transform="rotate(-90 18 ${middle})">${escapeXml(y.label)}</text>`,
  );
  series.forEach(({ name, points }, i) => {
    const colour = PALETTE[i % PALETTE.length];
    const dashes = i < PALETTE.length ? "" : ' stroke-dasharray="6 3"';
    const at = HEIGHT + LEGEND * (i + 0.5);
    parts.push(
      `<path d="${path(points)}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`,
      `<path d="M${left} ${at}h28" stroke="${colour}" stroke-width="3"${dashes}/>`,
      `<text x="${left + 38}" y="${at}" dy=".35em">${escapeXml(name)}</text>`,
    );
  });
  const height = HEIGHT + LEGEND * (series.length + 0.5);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="13">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("\n")}</svg>\n`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
