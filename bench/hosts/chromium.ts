/** Contenders in headless Chromium, each in a page of its own; the pages come from a folder through the browser's request hook. */
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../test/support/chromium.ts";
import type { Setup } from "../contenders/runner.ts";
import type { Host } from "./host.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
/** Isolated pages get a clock of 5 µs, others one of 100. */
const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};
const ORIGIN = "https://bench.test";

export class Chromium {
  readonly #browser: Browser;
  readonly #folder: string;

  private constructor(browser: Browser, folder: string) {
    this.#browser = browser;
    this.#folder = folder;
  }

  static async launch(folder: string): Promise<Chromium> {
    return new Chromium(await launchChromium("--disable-renderer-backgrounding"), folder);
  }

  async open(contender: string, setup: Omit<Setup, "models" | "packages">): Promise<Host> {
    const context = await this.#browser.newContext();
    await context.route(`${ORIGIN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      const path = pathname === "/" ? "/index.html" : pathname;
      try {
        const body = await readFile(join(this.#folder, path));
        await route.fulfill({
          body,
          headers: { ...HEADERS, "content-type": TYPES[extname(path)] ?? "application/octet-stream" },
        });
      } catch {
        await route.fulfill({ status: 404, body: "" });
      }
    });
    const page = await context.newPage();
    await page.goto(`${ORIGIN}/`);
    // The page's script declares these two functions.
    const opened = await page.evaluate(
      ([name, options]) => (globalThis as unknown as Page).openContender(name, options),
      [contender, { ...setup, models: `${ORIGIN}/models`, packages: `${ORIGIN}/packages` }] as const,
    );
    const ask = (op: "answers" | "time", count: number, ms: number): Promise<number[]> =>
      page.evaluate(([o, c, m]) => (globalThis as unknown as Page).askContender(o, c, m), [
        op,
        count,
        ms,
      ] as const);
    return {
      ...opened,
      engine: `Chromium ${this.#browser.version()}`,
      answers: (count) => ask("answers", count, 0),
      time: (count, ms) => ask("time", count, ms),
      close: () => context.close(),
    };
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

export interface Page {
  openContender(contender: string, setup: Setup): Promise<import("../session.ts").Opened>;
  askContender(op: "answers" | "time", count: number, ms: number): Promise<number[]>;
}
