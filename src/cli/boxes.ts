/** Face boxes: from flags and from CSV files. */
import { readFile } from "node:fs/promises";
import { dirname, normalize, resolve, sep } from "node:path";
import { InvalidArgumentError } from "commander";
import { CsvError, parse } from "csv-parse/sync";
import type { Box } from "fivepoint";

/**
 * Parses `x,y,w,h`: numbers in pixels, sizes above 0.
 * @throws InvalidArgumentError
 */
export function parseBox(text: string): Box {
  const fields = text.split(",");
  const box = fields.length === 4 ? toBox(fields) : undefined;
  if (!box)
    throw new InvalidArgumentError("Expected x,y,w,h in pixels with w and h above 0, like 140,67,106,112.");
  return box;
}

function toBox(fields: readonly (string | undefined)[]): Box | undefined {
  const [x, y, width, height] = fields.map((field) => (field?.trim() ? Number(field) : Number.NaN));
  const box = { x: x!, y: y!, width: width!, height: height! };
  return Object.values(box).every(Number.isFinite) && box.width > 0 && box.height > 0 ? box : undefined;
}

/** A row of a CSV file by the names of its columns. */
export type Row = Readonly<Record<string, string>>;

/**
 * Reads a CSV file with a header line; column names in lower case.
 * @throws Error when it can't be read, InvalidArgumentError when it isn't such a file
 */
export async function readCsv(path: string): Promise<{ row: Row; line: number }[]> {
  const text = await readFile(path, "utf8").catch((error) => {
    throw new Error(`${path}: ${error.code === "ENOENT" ? "no such file" : error.message}`);
  });
  try {
    const records = parse(text, {
      bom: true,
      columns: (names: string[]) => names.map((name) => name.toLowerCase()),
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: Row; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ row: record, line: info.lines }));
  } catch (error) {
    if (error instanceof CsvError) throw new InvalidArgumentError(`${path}: ${error.message}`);
    throw error;
  }
}

const FILE = ["file", "image", "name_id"];
const SIDES = [
  ["x", "y", "width", "height"],
  ["box_x", "box_y", "box_w", "box_h"],
  ["x", "y", "w", "h"],
];

/** Where a table has the file's name and the box. @throws InvalidArgumentError when it lacks them */
export function boxColumns(path: string, row: Row): { file: string; sides: string[] } {
  const file = FILE.find((name) => name in row);
  const sides = SIDES.find((names) => names.every((name) => name in row));
  if (file && sides) return { file, sides };
  throw new InvalidArgumentError(
    `${path}: expected the columns file, x, y, width, height (or box_x, box_y, box_w, box_h), ` +
      `but found ${Object.keys(row).join(", ")}.`,
  );
}

/** The box of a row. @throws InvalidArgumentError naming the line */
export function rowBox(path: string, line: number, row: Row, sides: readonly string[]): Box {
  const box = toBox(sides.map((name) => row[name]));
  if (box) return box;
  const found = sides.map((name) => `${name}=${row[name]}`).join(" ");
  throw new InvalidArgumentError(
    `${path}, line ${line}: expected four numbers with sizes above 0, but found ${found}.`,
  );
}

/**
 * The boxes of a CSV file, to be asked by the path of an image. A row's file is taken relative to the CSV's folder;
 * else it is the end of the image's path, so that `b.jpg` and `a/b.jpg` find `photos/a/b.jpg`.
 */
export class BoxTable {
  readonly #byPath = new Map<string, Box[]>();
  readonly #byName = new Map<string, Box[]>();
  readonly #asked = new Set<Box[]>();

  /** @throws Error when the file can't be read, InvalidArgumentError when a box is malformed */
  static async read(path: string): Promise<BoxTable> {
    const table = new BoxTable();
    const rows = await readCsv(path);
    if (rows.length === 0) throw new InvalidArgumentError(`${path}: expected a header and at least one row.`);
    const { file, sides } = boxColumns(path, rows[0]!.row);
    for (const { row, line } of rows) {
      const name = normalize(row[file]!);
      let boxes = table.#byName.get(name);
      if (!boxes) {
        boxes = [];
        table.#byName.set(name, boxes);
        table.#byPath.set(resolve(dirname(path), name), boxes);
      }
      boxes.push(rowBox(path, line, row, sides));
    }
    return table;
  }

  /** The boxes of an image, undefined when no row names it. */
  of(path: string): readonly Box[] | undefined {
    let boxes = this.#byPath.get(resolve(path));
    const parts = normalize(path).split(sep);
    for (let i = 0; i < parts.length && !boxes; i++) boxes = this.#byName.get(parts.slice(i).join(sep));
    if (boxes) this.#asked.add(boxes);
    return boxes;
  }

  /** How many of its files no image has asked for. */
  get unused(): number {
    return this.#byName.size - this.#asked.size;
  }
}
