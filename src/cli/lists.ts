/** Lists: CSV files that name images, with boxes or points for each. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { CsvError, parse } from "csv-parse/sync";
import type { Box } from "fivepoint";
import { readInput } from "./files.ts";
import { toBox } from "./options.ts";

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, string>>;

/**
 * Reads a CSV file with a header line; column names in lower case. As spreadsheets write them: UTF-8 or UTF-16,
 * separated by commas, semicolons or tabs, with a line like `sep=;` or without.
 * @throws Error when it can't be read, InvalidArgumentError when it isn't such a file
 */
export async function readList(path: string): Promise<{ row: Row; line: number }[]> {
  const whole = decode(path, await readInput(path));
  const [first = "", separator] = /^"?sep=(.)"?\r?\n/i.exec(whole) ?? [];
  const text = whole.slice(first.length);
  const header = text.split("\n", 1)[0]!;
  try {
    const records = parse(text, {
      columns: (names: string[]) => columnNames(path, names),
      delimiter: separator ?? [",", ";", "\t"].find((mark) => header.includes(mark)) ?? ",",
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: Row; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ row: record, line: info.lines + (separator ? 1 : 0) }));
  } catch (error) {
    if (error instanceof CsvError) throw new InvalidArgumentError(`${path}: ${error.message}`);
    throw error;
  }
}

function decode(path: string, bytes: Uint8Array): string {
  const mark = `${bytes[0]},${bytes[1]}`;
  const encoding = mark === "255,254" ? "utf-16le" : mark === "254,255" ? "utf-16be" : "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {}
  throw new InvalidArgumentError(
    `${path}: expected text in UTF-8, or in UTF-16 with its byte order mark, but found other bytes.`,
  );
}

function columnNames(path: string, names: readonly string[]): string[] {
  const lower = names.map((name) => name.toLowerCase());
  const twice = lower.find((name, i) => name && lower.indexOf(name) < i);
  if (twice)
    throw new InvalidArgumentError(`${path}: expected columns of different names, but found two "${twice}".`);
  return lower;
}

const FILE = ["file", "image", "name_id"];
const SIDES = [
  ["x", "y", "width", "height"],
  ["box_x", "box_y", "box_w", "box_h"],
  ["x", "y", "w", "h"],
];

/** The column that names the image, undefined when there is none. */
export function fileColumn(row: Row): string | undefined {
  return FILE.find((name) => name in row);
}

/** The four columns of the box, undefined when they aren't all there. */
export function boxColumns(row: Row): readonly string[] | undefined {
  return SIDES.find((names) => names.every((name) => name in row));
}

/** A face of a list: where its image is said to be, and its box. */
export interface ListedBox {
  readonly file: string;
  readonly box: Box;
  readonly line: number;
}

/**
 * Reads a list of boxes: columns file (or image, NAME_ID) and x, y, width, height (or box_x, box_y, box_w, box_h, or x, y,
 * w, h).
 * @throws Error when it can't be read, InvalidArgumentError when it isn't such a list or has no row
 */
export async function readBoxes(path: string): Promise<ListedBox[]> {
  const rows = await readList(path);
  if (rows.length === 0) throw new InvalidArgumentError(`${path}: expected a header and at least one row.`);
  const header = rows[0]!.row;
  const file = fileColumn(header);
  const sides = boxColumns(header);
  if (!file || !sides) {
    throw new InvalidArgumentError(
      `${path}: expected the columns file, x, y, width, height (or box_x, box_y, box_w, box_h), ` +
        `but found ${Object.keys(header).join(", ")}.`,
    );
  }
  return rows.map(({ row, line }) => ({
    file: imageName(path, line, row, file),
    box: rowBox(path, line, row, sides),
    line,
  }));
}

/** The name of a row's image. @throws InvalidArgumentError naming the line */
export function imageName(path: string, line: number, row: Row, column: string): string {
  if (row[column]) return row[column];
  throw new InvalidArgumentError(`${path}, line ${line}: expected the name of an image, but found none.`);
}

/** The box of a row. @throws InvalidArgumentError naming the line */
export function rowBox(path: string, line: number, row: Row, sides: readonly string[]): Box {
  try {
    return toBox(sides.map((name) => row[name]));
  } catch (error) {
    const found = sides.map((name) => `${name}=${row[name]}`).join(" ");
    throw new InvalidArgumentError(`${path}, line ${line}: ${(error as Error).message} Found ${found}.`);
  }
}

/**
 * Finds images that a list names: relative to a folder or absolute; if not as written, with slashes for backslashes
 * and with its accents composed or decomposed, since systems differ in both.
 * @returns each name's path; as written where there is no such file
 */
export async function locateImages(folder: string, names: Iterable<string>): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const name of names) if (!paths.has(name)) paths.set(name, await locate(folder, name));
  return paths;
}

async function locate(folder: string, name: string): Promise<string> {
  for (const spelling of [name, name.replaceAll("\\", "/")]) {
    for (const form of [spelling, spelling.normalize("NFC"), spelling.normalize("NFD")]) {
      const path = resolve(folder, form);
      const there = await access(path).then(
        () => true,
        ({ code }) => code !== "ENOENT" && code !== "ENOTDIR",
      );
      if (there) return path;
    }
  }
  return resolve(folder, name);
}
