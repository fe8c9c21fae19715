import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Whether the machine has Chromium where Debian puts it, or where CHROMIUM says. */
export const hasChromium = existsSync(executablePath);

export const launchChromium = (...args: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", ...args],
  });
