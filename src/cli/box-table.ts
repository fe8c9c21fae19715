/** The boxes of a list, by the paths of images. */
import { dirname, posix, resolve } from "node:path";
import type { Box } from "fivepoint";
import { readBoxes } from "./lists.ts";

/**
 * The boxes of a list. A row names an image by its path from the list's folder, or else by the end of its path: `b.jpg` and
 * `a/b.jpg` both find `photos/a/b.jpg`. Slashes may be backslashes, accents composed or decomposed.
 */
export class BoxTable {
  readonly #list: string;
  readonly #byPath = new Map<string, Box[]>();
  readonly #byName = new Map<string, Box[]>();

  private constructor(list: string) {
    this.#list = list;
  }

  /** @throws Error when the file can't be read, InvalidArgumentError when a box is malformed */
  static async read(list: string): Promise<BoxTable> {
    const table = new BoxTable(list);
    for (const { file, box } of await readBoxes(list)) {
      const name = spelling(file);
      const path = spelling(resolve(dirname(list), name));
      const boxes = table.#byPath.get(path) ?? [];
      table.#byPath.set(path, boxes);
      table.#byName.set(name, boxes);
      boxes.push(box);
    }
    return table;
  }

  /**
   * Gives each image its boxes.
   * @returns by path the boxes, or why there are none; and how many of the list's files no image has asked for
   */
  assign(paths: readonly string[]): { boxes: Map<string, readonly Box[] | Error>; unused: number } {
    const images = new Map(paths.map((path) => [path, spelling(resolve(path))]));
    const owners = new Map<readonly Box[], Set<string>>();
    const found = new Map<string, Box[]>();
    for (const [path, image] of images) {
      const rows = this.#byPath.get(image) ?? this.#byEnd(image);
      if (!rows) continue;
      found.set(path, rows);
      owners.set(rows, (owners.get(rows) ?? new Set()).add(image));
    }
    const boxes = new Map<string, readonly Box[] | Error>();
    for (const [path, image] of images) {
      const rows = found.get(path);
      const others = rows && owners.get(rows)!.size > 1 && this.#byPath.get(image) !== rows;
      if (others) {
        boxes.set(
          path,
          new Error(`the rows of ${this.#list} that name it could mean another of the images too`),
        );
      } else {
        boxes.set(path, rows ?? new Error(`no row of ${this.#list} names this image`));
      }
    }
    return { boxes, unused: this.#byPath.size - owners.size };
  }

  #byEnd(image: string): Box[] | undefined {
    const parts = image.split("/");
    for (let i = 0; i < parts.length; i++) {
      const boxes = this.#byName.get(parts.slice(i).join("/"));
      if (boxes) return boxes;
    }
    return undefined;
  }
}

/** One spelling for all that name the same file. */
function spelling(path: string): string {
  return posix.normalize(path.replaceAll("\\", "/")).normalize("NFC");
}
