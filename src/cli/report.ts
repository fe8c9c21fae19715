/** Results on standard output, progress and warnings on standard error. */
import { once } from "node:events";
import cliProgress from "cli-progress";

/** Fewer items than this are done before a bar could be read. */
const LONG_RUN = 16;

/** Writes result lines while a bar runs on standard error, if that is a terminal and there is enough to do. */
export class Report {
  readonly #bar: cliProgress.SingleBar | undefined;
  readonly #quiet: boolean;

  /** @param quiet leaves out the bar and the notes */
  constructor(total: number, unit: string, quiet = false) {
    this.#quiet = quiet;
    if (quiet || total < LONG_RUN || !process.stderr.isTTY) return;
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

  /** Says what is no failure, unless it should be quiet. */
  note(text: string): void {
    if (!this.#quiet) this.warn(text);
  }

  /** Says what failed. */
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
