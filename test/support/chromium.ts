import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Debian puts it, or where CHROMIUM says. */
export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const hasChromium = existsSync(chromiumPath);

export const HEADLESS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"];

export const launchChromium = (...args: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath,
    args: [...HEADLESS, ...args],
  });
