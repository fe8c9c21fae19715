/** Charts as SVG, without a DOM: scales, paths and marks by d3, axes here. */
import { extname } from "node:path";
import { InvalidArgumentError } from "commander";
import { scaleLinear, scaleLog } from "d3-scale";
import { line, symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from "d3-shape";

/** Colours of series (Okabe and Ito's palette, told apart by colour-blind people too). */
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const MARKS = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond];
const WIDTH = 720;
/** Of the plot with its axes; the legend follows, one line per series. */
const HEIGHT = 460;
const LEGEND = 20;
const MARGIN = { top: 48, right: 24, bottom: 56, left: 64 };
/** Pixels between the whiskers of two series at one place. */
const BESIDE = 7;

export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  /** A d3-format specifier, like `.0%`. */
  readonly format: string;
  /** Makes the axis logarithmic, with these ticks. */
  readonly ticks?: readonly number[];
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Draws a mark at each point, and a whisker from there up to this y. */
  readonly whiskers?: readonly number[];
}

/** @throws InvalidArgumentError when a chart would get the name of something else; a name without an ending may be a pipe's */
export function checkChart(flag: string, path: string | undefined): void {
  if (path !== undefined && !["", ".svg"].includes(extname(path).toLowerCase()))
    throw new InvalidArgumentError(`${flag} ${path}: expected a name that ends in .svg.`);
}

/** The places of an axis between two pixels, with its ticks. */
function scale({ domain, format, ticks }: Axis, range: [number, number], about: number) {
  const to = ticks ? scaleLog(domain, range) : scaleLinear(domain, range);
  const text = ticks ? (tick: number) => String(tick) : scaleLinear(domain, range).tickFormat(about, format);
  return { to, ticks: (ticks ?? to.ticks(about)).map((tick) => ({ at: to(tick), text: text(tick) })) };
}

/**
 * A chart of lines over common axes, with a legend below.
 * @param note stands under the title
 */
export function lineChart(title: string, x: Axis, y: Axis, series: readonly Series[], note = ""): string {
  const top = MARGIN.top + (note ? 16 : 0);
  const [left, right, bottom] = [MARGIN.left, WIDTH - MARGIN.right, HEIGHT - MARGIN.bottom];
  const across = scale(x, [left, right], 8);
  const up = scale(y, [bottom, top], 6);
  const parts = [
    `<text x="${left}" y="24" font-size="16" font-weight="bold">${escapeXml(title)}</text>`,
    `<text x="${left}" y="44" fill="#555">${escapeXml(note)}</text>`,
  ];
  for (const { at, text } of across.ticks) {
    parts.push(`<path d="M${px(at)} ${top}V${bottom}" stroke="#ddd"/>`);
    parts.push(`<text x="${px(at)}" y="${bottom + 18}" text-anchor="middle">${text}</text>`);
  }
  for (const { at, text } of up.ticks) {
    parts.push(`<path d="M${left} ${px(at)}H${right}" stroke="#ddd"/>`);
    parts.push(`<text x="${left - 8}" y="${px(at)}" dy=".35em" text-anchor="end">${text}</text>`);
  }
  const middle = (top + bottom) / 2;
  parts.push(
    `<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="#333"/>`,
    `<text x="${(left + right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escapeXml(x.label)}</text>`,
    `<text x="18" y="${middle}" text-anchor="middle" transform="rotate(-90 18 ${middle})">${escapeXml(y.label)}</text>`,
  );
  series.forEach(({ name, points, whiskers }, i) => {
    const colour = PALETTE[i % PALETTE.length]!;
    const dashes = i < PALETTE.length ? "" : ' stroke-dasharray="6 3"';
    const aside = whiskers ? BESIDE * (i - (series.length - 1) / 2) : 0;
    const places = points.map(([x, y]) => [across.to(x) + aside, up.to(y)] as const);
    const path = line<readonly [number, number]>().digits(2)(places);
    const at = HEIGHT + LEGEND * (i + 0.5);
    parts.push(
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`,
      `<path d="M${left} ${at}h28" stroke="${colour}" stroke-width="3"${dashes}/>`,
      `<text x="${left + 38}" y="${at}" dy=".35em">${escapeXml(name)}</text>`,
    );
    if (!whiskers) return;
    const mark = symbol(MARKS[i % MARKS.length], 70)();
    const drawn = (x: number, y: number) =>
      `<path d="${mark}" transform="translate(${px(x)} ${px(y)})" fill="${colour}" stroke="#fff"/>`;
    places.forEach(([x, y], k) => {
      parts.push(
        `<path d="M${px(x)} ${px(y)}V${px(up.to(whiskers[k]!))}m-4 0h8" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
        drawn(x, y),
      );
    });
    parts.push(drawn(left + 14, at));
  });
  const height = HEIGHT + LEGEND * (series.length + 0.5);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="13">` +
    `<rect width="100%" height="100%" fill="#fff"/>${parts.join("\n")}</svg>\n`
  );
}

const px = (value: number) => value.toFixed(2);

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
