/** The browser demo, built by Vite and used in Chromium: sample, file, drag, keyboard, camera, offline. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
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
      "--host-resolver-rules=MAP demo.example 127.0.0.1", // by plain http, and no localhost
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

  /** Nothing of an image is on the page. */
  async function expectNothing(on = page) {
    expect(await on.locator("#points tr").count()).toBe(0);
    expect(await on.locator("#view").isVisible()).toBe(false);
    expect(await on.locator("#time").textContent()).toBe("–");
  }

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const status = () => page.getByRole("status").textContent();
  const row = () => page.locator("#points tr").first().locator("td").allTextContents();

  /** The eyes of the first face, in pixels of the image. */
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

  it("opens a file, and says so when it is no image, with nothing of the one before", async () => {
    await page.getByLabel("Find faces for me").check();
    await page.getByLabel("Open a photo").setInputFiles(photo);
    await page.getByText("One face:").waitFor({ timeout: 60_000 });
    await page
      .getByLabel("Open a photo")
      .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no image") });
    await page.getByText("isn't an image").waitFor();
    await expectNothing();
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
  it.each(["paste", "drop"] as const)("takes an image by %s", async (event) => {
    // A file that is no image takes away the one before.
    const none = { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no image") };
    await page.getByLabel("Open a photo").setInputFiles(none);
    await page.getByText("isn't an image").waitFor();
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
      if (width >= 390) {
        const table = page.locator(".points");
        expect(await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
      }
      await page.screenshot({ path: `${SCREENSHOTS}/demo-${width}-${colorScheme}.png`, fullPage: true });
    }
    await page.setViewportSize({ width: 1000, height: 1100 });
    await page.emulateMedia({ colorScheme: "light" });
  });

  it("follows a face through the camera's frames", async () => {
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

  describe("what comes in between", () => {
    let other: Page;
    const faults: string[] = [];
    const noise = { type: "gaussian", mean: 150, sigma: 12 } as const;
    const wall = sharp({ create: { width: 640, height: 480, channels: 3, background: "#a99b88", noise } })
      .jpeg()
      .toBuffer();
    const LANDSCAPE = { width: 640, height: 480 };
    /** A face in the middle, where the first box of the keyboard is. */
    const face = ({ width, height } = LANDSCAPE) =>
      sharp(photo)
        .extract({ left: 45, top: 0, width: 280, height: 280 })
        .resize(Math.min(width, height))
        .resize({ width, height, fit: "contain", background: "#777" })
        .jpeg()
        .toBuffer();
    const said = (text: string | RegExp) =>
      other.getByRole("status").filter({ hasText: text }).waitFor({ timeout: 55_000 });
    const rows = () => other.locator("#points tr").count();
    const useFinder = (on: boolean) => other.getByLabel("Find faces for me").setChecked(on);
    const open = (buffer: Buffer) =>
      other.getByLabel("Open a photo").setInputFiles({ name: "photo.jpg", mimeType: "image/jpeg", buffer });
    async function useKeyboardBox(): Promise<void> {
      await other.locator("#view").focus();
      await other.keyboard.press("+");
    }

    /** A camera that shows what a test puts before it, and knows its streams. */
    interface TestCamera {
      delay: number;
      error: string | undefined;
      show(url: string, width: number, height: number): Promise<void>;
      running(): number;
      asked(): number;
      unplug(): void;
    }
    const CAMERA = `
      const canvas = document.createElement("canvas");
      const context = canvas.getContext("2d");
      const streams = [];
      const tracks = () => streams.flatMap((stream) => stream.getTracks());
      let image;
      const paint = () => {
        if (image) context.drawImage(image, 0, 0, canvas.width, canvas.height);
        requestAnimationFrame(paint);
      };
      paint();
      window.camera = {
        delay: 0,
        error: undefined,
        async show(url, width, height) {
          const next = new Image();
          next.src = url;
          await next.decode();
          Object.assign(canvas, { width, height });
          image = next;
        },
        running: () => tracks().filter(({ readyState }) => readyState === "live").length,
        asked: () => streams.length,
        unplug() {
          for (const track of tracks()) {
            track.stop();
            track.dispatchEvent(new Event("ended")); // which a page's own stop() doesn't give
          }
        },
      };
      if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => {
        await new Promise((wake) => setTimeout(wake, window.camera.delay));
        if (window.camera.error) throw new DOMException("no", window.camera.error);
        streams.push(canvas.captureStream(30));
        return streams.at(-1);
      };`;
    const camera = <T>(call: (camera: TestCamera) => T): Promise<T> =>
      other.evaluate(`(${call})(window.camera)`) as Promise<T>;
    const putBeforeCamera = async (buffer: Buffer, { width, height } = LANDSCAPE) => {
      const url = `data:image/jpeg;base64,${buffer.toString("base64")}`;
      await other.evaluate(`window.camera.show("${url}", ${width}, ${height})`);
    };
    const pressCamera = () => other.getByRole("button", { name: "Use camera" }).click();
    /** A camera that follows a face which a person has framed. */
    async function followFramed(): Promise<void> {
      await useFinder(false);
      await putBeforeCamera(await face());
      await pressCamera();
      await said("No face in view. Drag a box");
      await useKeyboardBox();
      await said("1 face in view");
    }

    beforeAll(async () => {
      // No service worker: it would answer for what a test holds back.
      const context = await browser.newContext({
        viewport: { width: 1000, height: 1100 },
        serviceWorkers: "block",
      });
      other = await context.newPage();
      other.setDefaultTimeout(55_000);
      other.on("pageerror", (error) => faults.push(String(error)));
      await other.addInitScript(CAMERA);
      await fresh();
    });
    async function fresh(): Promise<void> {
      await other.unrouteAll();
      await other.goto(server.url);
      await said("Ready.");
    }

    describe("while the finder works", () => {
      /** Does something at the moment when the page begins to look for faces. */
      const whenLooking = (act: string) =>
        other.evaluate(`{
          const observer = new MutationObserver(() => {
            if (status.textContent !== "Looking for faces…") return;
            observer.disconnect();
            ${act};
          });
          const status = document.getElementById("status");
          observer.observe(status, { childList: true, characterData: true, subtree: true });
        }`);
      const searched = () =>
        expect.poll(() => other.locator("#finder").textContent(), { timeout: 55_000 }).toMatch(/ms$/);

      it("says why the finder can't be used, and tries again", async () => {
        await other.route(/tiny_face_detector/, (route) => route.abort());
        await open(await face());
        await said(/The face finder can't be used.*Drag a box/);
        await other.unrouteAll();
        await useFinder(true);
        await said("One face:");
      }, 120_000);

      it("keeps the points of a photo off the next one", async () => {
        const next = (await wall).toString("base64");
        await whenLooking(`
          document.getElementById("detector").click();
          const data = new DataTransfer();
          const bytes = Uint8Array.from(atob("${next}"), (c) => c.charCodeAt(0));
          data.items.add(new File([bytes], "wall.jpg", { type: "image/jpeg" }));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }))`);
        await other.getByRole("button", { name: "Sample photo" }).click();
        await said("Drag a box");
        await searched(); // the search for the first photo ends
        expect(await rows()).toBe(0);
        await said("Drag a box");
      });

      it("keeps the box that a person draws meanwhile", async () => {
        await useFinder(true);
        await said("No face found.");
        await whenLooking(`
          const press = new KeyboardEvent("keydown", { key: "+", bubbles: true, cancelable: true });
          document.getElementById("view").dispatchEvent(press);
          window.drawn = document.getElementById("points").textContent`);
        await open(await face());
        await said("One face:");
        await searched();
        expect(await other.locator("#points").textContent()).toBe(await other.evaluate("window.drawn"));
      });

      it("lets go of a face that leaves the camera", async () => {
        await useFinder(true);
        await putBeforeCamera(await face());
        await pressCamera();
        await said("1 face in view");
        await putBeforeCamera(await wall);
        await said("No face in view.");
        await other.waitForTimeout(3000);
        expect(await rows()).toBe(0);
        await pressCamera();
      });
    });

    describe("without the finder", () => {
      beforeEach(async () => {
        await fresh();
        await useFinder(false);
      });

      it("shows the photo that was opened last, whichever comes first", async () => {
        let release = () => {};
        const released = new Promise<void>((resolve) => {
          release = resolve;
        });
        await other.route(/astronaut.*jpg/, async (route) => {
          await released;
          await route.continue();
        });
        await other.getByRole("button", { name: "Sample photo" }).click();
        await open(await wall);
        await said("Drag a box");
        const answered = other.waitForResponse(/astronaut.*jpg/);
        release();
        await (await answered).finished();
        await other.waitForTimeout(500);
        expect(await other.locator("#view").getAttribute("width")).toBe("640"); // the sample's is 384
      });

      it("counts in the pixels of the photo, also where it is larger than the canvas", async () => {
        const read = async (side: number) => {
          await open(
            await sharp(await face({ width: 400, height: 400 }))
              .resize(side, side)
              .jpeg()
              .toBuffer(),
          );
          await said("Drag a box");
          await useKeyboardBox();
          await said("One face:");
          const eye = (await other.locator("#points td").first().textContent())!.split(", ").map(Number);
          const spoken = /left eye at (\d+), (\d+)/.exec((await other.getByRole("status").textContent())!)!;
          return [...eye, Number(spoken[1]), Number(spoken[2])];
        };
        const small = await read(400);
        for (const [i, value] of (await read(4000)).entries()) {
          expect(Math.abs(value / 10 - small[i]!)).toBeLessThan(2);
        }
      });

      it("says so when the sample can't be loaded, and when what is dropped is no file", async () => {
        await other.route(/astronaut.*jpg/, (route) => route.abort());
        await other.getByRole("button", { name: "Sample photo" }).click();
        await said("couldn't be loaded");
        await expectNothing(other);
        await other.evaluate(() => {
          const dataTransfer = new DataTransfer();
          document.body.dispatchEvent(
            new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }),
          );
        });
        await said("isn't a file");
      });

      it("lets go of a face that leaves the camera", async () => {
        await followFramed();
        await other.waitForTimeout(1000);
        expect(await rows()).toBe(1);
        await putBeforeCamera(await wall);
        await said("No face in view.");
        await other.waitForTimeout(2000);
        expect(await rows()).toBe(0);
      });

      it("takes the shape of a camera that is rotated", async () => {
        await followFramed();
        const portrait = { width: 480, height: 640 };
        await putBeforeCamera(await face(portrait), portrait);
        const size = () =>
          other.locator("#view").evaluate((canvas: HTMLCanvasElement) => [canvas.width, canvas.height]);
        await expect.poll(size).toEqual([480, 640]);
      });

      it("stops every stream that it has asked for", async () => {
        await putBeforeCamera(await face());
        await camera((camera) => {
          camera.delay = 500;
        });
        await pressCamera();
        await pressCamera(); // off again, before there is a stream
        await pressCamera();
        await said("Camera on.");
        await expect.poll(() => camera((camera) => [camera.asked(), camera.running()])).toEqual([2, 1]);
        await pressCamera();
        await said("Camera off.");
        await expectNothing(other);
        expect(await camera((camera) => camera.running())).toBe(0);
        // A photo that is opened while the camera starts is what is shown.
        await pressCamera();
        await open(await wall);
        await said("Drag a box");
        await expect.poll(() => camera((camera) => [camera.asked(), camera.running()])).toEqual([3, 0]);
        await said("Drag a box");
      });

      it("says that the camera is gone, and shows nothing of it", async () => {
        await followFramed();
        await camera((camera) => camera.unplug());
        await said("The camera was disconnected.");
        await expectNothing(other);
        const button = other.getByRole("button", { name: "Use camera" });
        expect(await button.getAttribute("aria-pressed")).toBe("false");
      });

      it.each([
        ["NotAllowedError", "The camera is blocked"],
        ["NotFoundError", "No camera was found."],
        ["NotReadableError", "another program"],
        ["OverconstrainedError", "can't be used"],
      ])("says what %s means, and shows nothing of the photo before", async (name, text) => {
        await open(await face());
        await said("Drag a box");
        await useKeyboardBox();
        await said("One face:");
        await other.evaluate(`window.camera.error = "${name}"`);
        await pressCamera();
        await said(text);
        await expectNothing(other);
      });

      it("says that a camera needs a secure page", async () => {
        await other.goto(server.url.replace("127.0.0.1", "demo.example"));
        await said("Ready.");
        await pressCamera();
        await said(/secure pages.*https/);
      });

      it("says so where WebAssembly is missing", async () => {
        const context = await browser.newContext({ serviceWorkers: "block" });
        const old = await context.newPage();
        await old.addInitScript("delete globalThis.WebAssembly");
        await old.goto(server.url);
        await old.getByText("This browser can't run fivepoint").waitFor();
        await context.close();
      });
    });

    it("has left no promise broken", () => {
      expect(faults).toEqual([]);
    });
  });

  it("has printed no error", () => {
    expect(problems).toEqual([]);
  });
});
