/** Results: lines on standard output, files that appear only when complete, progress on standard error. */
import { once } from "node:events";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import cliProgress from "cli-progress";

/** Fewer items than this are done before a bar could be read. */
const LONG_RUN = 16;

/** Writes result lines while a bar runs on standard error, if that is a terminal and there is enough to do. */
export class Report {
  readonly #bar: cliProgress.SingleBar | undefined;

  constructor(total: number, unit: string) {
    if (total < LONG_RUN || !process.stderr.isTTY) return;
    this.#bar = new cliProgress.SingleBar(
      {
        format: `{bar} {value}/{total} ${unit}, {eta_formatted} left`,
        hideCursor: true,
        stream: process.stderr,
      },
      cliProgress.Presets.shades_classic,
    );
    this.#bar.start(total, 0);
  }

  /** One more item is done. */
  advance(): void {
    this.#bar?.increment();
  }

  /** Writes a line of results, waiting while the reader is slower. */
  async line(text: string): Promise<void> {
    if (process.stdout.isTTY) this.#clear();
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, "drain");
  }

  warn(text: string): void {
    this.#clear();
    process.stderr.write(`${text}\n`);
  }

  end(): void {
    this.#bar?.stop();
  }

  // The bar is drawn again at its next tick.
  #clear(): void {
    if (this.#bar) process.stderr.write("\r\x1b[K");
  }
}

let temporaries = 0;

/** Writes a file that is there whole or not at all; makes its folder. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}-${temporaries++}.tmp`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
