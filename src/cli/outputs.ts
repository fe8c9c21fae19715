/** Where a run writes, settled before anything is written: no output replaces an input or another output. */
import { parse, resolve, sep } from "node:path";
import { InvalidArgumentError } from "commander";
import { isFolder, realTarget } from "./files.ts";

/** Files by the real path they would be written to. Links to one file are that file. */
export class OutputPlan {
  readonly #inputs = new Set<string>();
  readonly #outputs = new Map<string, string>();
  readonly #series = new Map<string, { flag: string; most: number }>();

  /** Names files that are read, those that are given: nothing may be written to them. */
  async read(...paths: (string | undefined)[]): Promise<void> {
    for (const path of paths) if (path !== undefined) this.#inputs.add(await realTarget(path));
  }

  /**
   * Names a file that will be written, if it is given.
   * @param flag the option that asked for it
   * @throws InvalidArgumentError when it is a folder, an input or another output
   */
  async write(flag: string, path: string | undefined): Promise<void> {
    if (path === undefined) return;
    if (path.endsWith("/") || path.endsWith(sep) || (await isFolder(path)))
      throw new InvalidArgumentError(`${flag} ${path}: expected the name of a file, but this is a folder.`);
    const target = await realTarget(path);
    if (this.#inputs.has(target)) throw overwrites(flag, path, target);
    const other = this.#outputs.get(target);
    if (other === flag) throw new InvalidArgumentError(`${flag}: two results would be written to ${target}.`);
    if (other !== undefined) {
      throw new InvalidArgumentError(
        `${other} and ${flag}: expected different places, but both write ${target}.`,
      );
    }
    this.#outputs.set(target, flag);
  }

  /** Names files `path-1`, `path-2` … up to a number, which may be written in place of `path`. */
  async writeSeries(flag: string, path: string, most: number): Promise<void> {
    this.#series.set(await realTarget(path), { flag, most });
  }

  /**
   * Compares the series with everything else.
   * @returns the flags one of whose outputs has a name of a series of the same flag
   * @throws InvalidArgumentError when an input or another flag's output has such a name
   */
  settleSeries(): Set<string> {
    for (const target of this.#inputs) {
      const series = this.#seriesOf(target);
      if (series) throw overwrites(series.flag, target, target);
    }
    const shared = new Set<string>();
    for (const [target, flag] of this.#outputs) {
      const series = this.#seriesOf(target);
      if (series?.flag === flag) shared.add(flag);
      else if (series) {
        throw new InvalidArgumentError(
          `${flag} and ${series.flag}: expected different places, but both may write ${target}.`,
        );
      }
    }
    return shared;
  }

  #seriesOf(target: string) {
    const { dir, name, ext } = parse(target);
    const [, stem, number] = /^(.*)-([1-9]\d*)$/.exec(name) ?? [];
    const series = stem === undefined ? undefined : this.#series.get(resolve(dir, stem + ext));
    return series && Number(number) <= series.most ? series : undefined;
  }
}

function overwrites(flag: string, path: string, target: string): InvalidArgumentError {
  return new InvalidArgumentError(`${flag} ${path}: would overwrite the input ${target}.`);
}
