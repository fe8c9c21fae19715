/** Browsers of the machine as they are, started on a page that reports to the server that it came from. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { chromiumPath, HEADLESS } from "../support/chromium.ts";

interface Program {
  readonly path: string | undefined;
  /** Arguments before the page's address, with a folder for the browser's own files. */
  args(profile: string): string[];
  /** WebKit's own browser has no mode without a window: it gets an X server without a screen. */
  readonly needsDisplay?: true;
}

/** Where Debian puts them, or where the variables say. */
const PROGRAMS: Record<string, Program> = {
  Chromium: { path: chromiumPath, args: (profile) => [...HEADLESS, `--user-data-dir=${profile}`] },
  Firefox: {
    path: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    args: (profile) => ["--headless", "--no-remote", "--profile", profile],
  },
  WebKit: {
    path: process.env.WEBKIT ?? globSync("/usr/lib/*/webkit2gtk-4.1/MiniBrowser")[0],
    args: () => ["--private"],
    needsDisplay: true,
  },
};
const DISPLAY_SERVER = "/usr/bin/Xvfb";

export const browserNames = Object.keys(PROGRAMS);

export function hasBrowser(name: string): boolean {
  const { path, needsDisplay } = PROGRAMS[name]!;
  return path !== undefined && existsSync(path) && (!needsDisplay || existsSync(DISPLAY_SERVER));
}

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Milliseconds from a browser's start to its page's report. */
const PATIENCE = 40_000;

/** What a server has at an address; nothing is 404. */
export interface Answer {
  readonly body: string | Uint8Array | undefined;
  readonly headers?: Record<string, string>;
}

export class RealBrowser {
  readonly #program: Program;
  readonly #server: Server;
  #display: ChildProcess | undefined;
  #env = process.env;
  #report: (report: unknown) => void = () => {};
  /** Whether the page has been asked for. */
  #isAsked = false;

  private constructor(name: string, answer: (url: URL) => Answer) {
    this.#program = PROGRAMS[name]!;
    this.#server = createServer(async (request, response) => {
      if (request.method === "POST") {
        let text = "";
        for await (const piece of request) text += piece;
        response.end();
        this.#report(JSON.parse(text));
        return;
      }
      this.#isAsked = true;
      const url = new URL(request.url!, "http://localhost");
      const { body, headers } = answer(url);
      response.writeHead(body === undefined ? 404 : 200, {
        "content-type": TYPES[extname(url.pathname)] ?? "application/octet-stream",
        ...headers,
      });
      response.end(body);
    });
  }

  /** @param answer what its pages are served */
  static async start(name: string, answer: (url: URL) => Answer): Promise<RealBrowser> {
    const browser = new RealBrowser(name, answer);
    await new Promise<void>((listening) => browser.#server.listen(0, "127.0.0.1", listening));
    if (browser.#program.needsDisplay) {
      browser.#display = spawn(DISPLAY_SERVER, ["-displayfd", "1", "-nolisten", "tcp"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      for await (const number of createInterface({ input: browser.#display.stdout! })) {
        browser.#env = { ...process.env, DISPLAY: `:${number}` };
        break;
      }
    }
    return browser;
  }

  /** Its version, as it says itself: 156.0.8078.108. */
  async version(): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program.path!, ["--version"], { env: this.#env });
    return /[\d.]+/.exec(stdout)![0];
  }

  /**
   * Opens a page in a fresh process and waits for what it posts to the server. A browser that ends before it asks for the page, as
   * WebKit's sometimes does on a busy display, is started once more.
   */
  async open<Report>(page: string): Promise<Report> {
    this.#isAsked = false;
    return this.#show<Report>(page).catch((error) => {
      if (this.#isAsked) throw error;
      return this.#show<Report>(page);
    });
  }

  async #show<Report>(page: string): Promise<Report> {
    const profile = mkdtempSync(join(tmpdir(), "fivepoint-"));
    const { port } = this.#server.address() as AddressInfo;
    const args = [...this.#program.args(profile), `http://127.0.0.1:${port}/${page}`];
    const child = spawn(this.#program.path!, args, { env: this.#env, stdio: "ignore" });
    const ended = new Promise<void>((done) => child.once("close", () => done()));
    try {
      return await new Promise((resolve, reject) => {
        this.#report = resolve as (report: unknown) => void;
        child.once("error", reject);
        const tooLate = new Error(`no report within ${PATIENCE / 1000} s`);
        AbortSignal.timeout(PATIENCE).addEventListener("abort", () => reject(tooLate));
        ended.then(() => reject(new Error("the browser ended before its page had reported")));
      });
    } finally {
      child.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  close(): void {
    this.#server.close();
    this.#display?.kill();
  }
}
