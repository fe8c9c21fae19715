/** The browser demo, built by Vite and used in Chromium: sample, file, drag, keyboard, camera, offline. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { serveFolder } from "../support/serve.ts";

const EXAMPLE = "examples/browser";
const SCREENSHOTS = "build/screenshots";
const photo = "examples/astronaut.jpg";

describe.skipIf(!hasChromium)("the browser demo (needs Chromium)", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const npm = (...args: string[]) => execFileSync("npm", args, { cwd: EXAMPLE, stdio: "pipe" });
    if (!existsSync(`${EXAMPLE}/node_modules/vite`)) npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
    npm("run", "build");
    mkdirSync(SCREENSHOTS, { recursive: true });
    // The fake camera plays a stream of JPEGs: the photo, slowly panned.
    const frames = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        sharp(photo)
          .resize(480, 480)
          .extract({ left: 3 * i, top: 0, width: 426, height: 320 })
          .resize(640, 480)
          .jpeg()
          .toBuffer(),
      ),
    );
    writeFileSync("build/camera.mjpeg", Buffer.concat([...frames, ...frames.reverse()]));
    browser = await launchChromium(
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      "--use-file-for-fake-video-capture=build/camera.mjpeg",
    );
    server = await serveFolder(`${EXAMPLE}/dist`);
    const context = await browser.newContext({
      viewport: { width: 1000, height: 1100 },
      permissions: ["camera"],
    });
    page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(server.url);
    await page.getByText("Ready.").waitFor();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const status = () => page.getByRole("status").textContent();
  const row = () => page.locator("#points tr").first().locator("td").allTextContents();

  /** The eyes of the first face, in pixels of the picture. */
  async function eyes() {
    const [left, right] = (await row()).slice(0, 2).map((text) => text.split(", ").map(Number));
    return { left: left!, right: right! };
  }

  it("finds the face of the sample photo", async () => {
    await page.getByRole("button", { name: "Sample photo" }).click();
    await page.getByText("One face:").waitFor({ timeout: 60_000 });
    await page.screenshot({ path: `${SCREENSHOTS}/demo-sample.png`, fullPage: true });
    const { left, right } = await eyes();
    expect(left[0]!).toBeLessThan(right[0]!);
    expect(Math.abs(left[1]! - right[1]!)).toBeLessThan(30);
    expect(await page.locator("#tier").textContent()).toBe("relaxed");
    expect(await page.locator("#time").textContent()).toMatch(/ ms$/);
    expect(await page.getByRole("img").getAttribute("aria-label")).toContain("left eye at");
  });

  it("takes a box that is dragged, and gives the same points in it as the one that it found", async () => {
    const found = await eyes();
    const view = (await page.locator("#view").boundingBox())!;
    const scale =
      view.width / (await page.locator("#view").evaluate((canvas: HTMLCanvasElement) => canvas.width));
    const centre = { x: ((found.left[0]! + found.right[0]!) / 2) * scale, y: found.left[1]! * scale };
    const span = (found.right[0]! - found.left[0]!) * scale;
    await page.mouse.move(view.x + centre.x - span * 1.1, view.y + centre.y - span * 0.8);
    await page.mouse.down();
    await page.mouse.move(view.x + centre.x + span * 1.1, view.y + centre.y + span * 1.4, { steps: 4 });
    await page.mouse.up();
    expect(await page.getByLabel("Find faces for me").isChecked()).toBe(false);
    const dragged = await eyes();
    expect(Math.abs(dragged.left[0]! - found.left[0]!)).toBeLessThan(
      0.15 * (found.right[0]! - found.left[0]!),
    );
  });

  it("moves and sizes the box by the keyboard", async () => {
    await page.locator("#view").focus();
    const before = await row();
    for (const key of ["ArrowRight", "ArrowDown", "+", "+", "-"]) await page.keyboard.press(key);
    expect(await row()).not.toEqual(before);
    expect(await status()).toContain("One face");
  });

  it("opens a file, and says so when it is no picture", async () => {
    await page.getByLabel("Find faces for me").check();
    await page.getByLabel("Open a photo").setInputFiles(photo);
    await page.getByText("One face:").waitFor({ timeout: 60_000 });
    await page
      .getByLabel("Open a photo")
      .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await page.getByText("isn't a picture").waitFor();
  });

  /** What a person pastes or drops: a file in a DataTransfer. */
  const give = async (event: "paste" | "drop") => {
    const bytes = [...(await sharp(photo).jpeg().toBuffer())];
    await page.evaluate(
      ([type, content]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(content)], "photo.jpg", { type: "image/jpeg" }));
        const given =
          type === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector("main")!.dispatchEvent(given);
      },
      [event, bytes] as const,
    );
  };
  it.each(["paste", "drop"] as const)("takes a picture by %s", async (event) => {
    await page.reload();
    await page.getByText("Ready.").waitFor();
    await give(event);
    await page.getByText("One face:").waitFor({ timeout: 60_000 });
  });

  it("fits a narrow phone, light and dark, without scrolling sideways", async () => {
    for (const [width, colorScheme] of [
      [320, "light"],
      [390, "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await page.screenshot({ path: `${SCREENSHOTS}/demo-${width}-${colorScheme}.png`, fullPage: true });
    }
    await page.setViewportSize({ width: 1000, height: 1100 });
    await page.emulateMedia({ colorScheme: "light" });
  });

  it("follows a face through the camera's pictures", async () => {
    await page.getByRole("button", { name: "Use camera" }).click();
    await page.getByText("1 face in view").waitFor({ timeout: 60_000 });
    await page.waitForTimeout(1500);
    expect(await page.locator("#points tr").count()).toBe(1);
    await page.screenshot({ path: `${SCREENSHOTS}/demo-camera.png`, fullPage: true });
    await page.getByRole("button", { name: "Use camera" }).click();
    await page.getByText("Camera off.").waitFor();
  });

  it("works offline after the first visit", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.context().setOffline(true);
    await page.reload();
    await page.getByRole("button", { name: "Sample photo" }).click();
    await page.getByText("One face:").waitFor({ timeout: 60_000 });
    await page.context().setOffline(false);
  });

  it("has printed no error", () => {
    expect(problems).toEqual([]);
  });
});
