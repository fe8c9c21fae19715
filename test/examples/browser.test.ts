/**
 * The browser demo, copied out of the repository, built by Vite there, served from a folder of a host, and used in Chromium:
 * every feature of the page, and what comes in between.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import { POINT_COLOURS as COLOURS } from "fivepoint/draw";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createFinder, findFaces } from "../../dist/finder.js";
import { alignFace, createLandmarker, type Point } from "../../dist/index.js";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { contrast } from "../support/contrast.ts";
import { installExample } from "../support/examples.ts";
import { serveFolder } from "../support/serve.ts";
import { writeCamera } from "./camera-file.ts";

const SCREENSHOTS = "build/screenshots";
const HOST = "build/demo-host";
const photo = "examples/astronaut.jpg";
const WIDE = { width: 1200, height: 900 };

/** Three faces, the sample's, in one image: their left edges, tops and sizes. */
const GROUP = [
  { left: 40, top: 60, size: 420 },
  { left: 520, top: 180, size: 300 },
  { left: 860, top: 90, size: 360 },
] as const;
async function groupPhoto(): Promise<Buffer> {
  const head = sharp(photo).extract({ left: 70, top: 10, width: 210, height: 210 });
  const background = { width: 1280, height: 540, channels: 3, background: "#7d8a94" } as const;
  return sharp({ create: background })
    .composite(
      await Promise.all(
        GROUP.map(async ({ left, top, size }) => ({
          input: await head.clone().resize(size).png().toBuffer(),
          left,
          top,
        })),
      ),
    )
    .jpeg({ quality: 95 })
    .toBuffer();
}
const noise = { type: "gaussian", mean: 150, sigma: 12 } as const;
const wall = sharp({ create: { width: 640, height: 480, channels: 3, background: "#a99b88", noise } })
  .jpeg()
  .toBuffer();
const TEXT = { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no image") };

/** What "Copy as JSON" gives. */
interface Copied {
  readonly image: string;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly points: readonly (readonly [number, number])[];
  readonly normalized: readonly number[];
  readonly score: number;
}
const asPoints = (pairs: Copied["points"]): Point[] => pairs.map(([x, y]) => ({ x, y }));

describe.skipIf(!hasChromium)("the browser demo (needs Chromium)", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let address: string;
  let dist: string;
  let page: Page;
  const problems: string[] = [];
  const requests: { url: string; method: string }[] = [];

  beforeAll(async () => {
    const folder = installExample("browser");
    execFileSync("npm", ["run", "build"], { cwd: folder, stdio: "pipe" });
    dist = join(folder, "dist");
    // A page host that keeps the page in a folder beside others.
    rmSync(HOST, { recursive: true, force: true });
    cpSync(dist, join(HOST, "some/folder"), { recursive: true });
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await launchChromium(
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${await writeCamera()}`,
      "--host-resolver-rules=MAP demo.example 127.0.0.1", // by plain http, and no localhost
    );
    server = await serveFolder(HOST);
    address = new URL("some/folder/", server.url).href;
    const context = await browser.newContext({
      viewport: WIDE,
      permissions: ["camera", "clipboard-read", "clipboard-write"],
    });
    page = await context.newPage();
    page.setDefaultTimeout(55_000);
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    context.on("request", (request) => requests.push({ url: request.url(), method: request.method() }));
    await page.goto(address);
  }, 600_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Nothing of an image is on the page. */
  async function expectNothing(on = page) {
    expect(await on.locator("#rows tr").count()).toBe(0);
    expect(await on.locator("#chips li").count()).toBe(0);
    expect(await on.locator("#view").isVisible()).toBe(false);
    expect(await on.locator("#time").textContent()).toBe("–");
    expect(await on.getByRole("button", { name: "Copy as JSON" }).isDisabled()).toBe(true);
    expect(await on.getByRole("button", { name: "Download drawing" }).isDisabled()).toBe(true);
  }
  const says = (text: string | RegExp, on = page) =>
    on.getByRole("status").filter({ hasText: text }).waitFor();
  const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 55_000 });
  const press = (name: string, on = page) => on.getByRole("button", { name }).click();
  const openFile = (file: Parameters<ReturnType<Page["getByLabel"]>["setInputFiles"]>[0], on = page) =>
    on.getByLabel("Open a photo").setInputFiles(file);
  const openBytes = (buffer: Buffer, on = page) =>
    openFile({ name: "photo.jpg", mimeType: "image/jpeg", buffer }, on);
  /** Takes away the image of the test before. */
  async function clear() {
    await openFile(TEXT);
    await says("isn't an image");
  }
  const shoot = (name: string) =>
    page.screenshot({ path: `${SCREENSHOTS}/demo-${name}.png`, fullPage: true });

  const row = () => page.locator("#rows tr").first().locator("td").allTextContents();
  /** The eyes of the first face, in pixels of the image. */
  async function eyes() {
    const [left, right] = (await row()).slice(0, 2).map((text) => text.split(", ").map(Number));
    return { left: left!, right: right! };
  }
  async function copied(): Promise<Copied[]> {
    await press("Copy as JSON");
    await says(/Copied \d+ faces? as JSON/);
    return JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  }

  it("opens with the sample photo and its points", async () => {
    await says(/^1 face found in [\d.]+ ms\.$/);
    const { left, right } = await eyes();
    expect(left[0]!).toBeLessThan(right[0]!);
    expect(Math.abs(left[1]! - right[1]!)).toBeLessThan(30);
    expect(await page.locator("#tier").textContent()).toBe("relaxed");
    expect(await page.locator("#time").textContent()).toMatch(/ ms$/);
    expect(await page.locator("#view").getAttribute("aria-label")).toContain("left eye at");
    expect(await page.locator(".privacy").textContent()).toContain("stay on this device");
    await shoot("wide-light");
  });

  describe("several faces", () => {
    let group: Buffer;
    let faces: Copied[];
    /** The image as the package has it, decoded apart from any browser. */
    let image: { data: Buffer; width: number; height: number; format: "rgb" };

    beforeAll(async () => {
      group = await groupPhoto();
      const { data, info } = await sharp(group).raw().toBuffer({ resolveWithObject: true });
      image = { data, width: info.width, height: info.height, format: "rgb" };
      await openBytes(group);
      await says("3 faces found");
      faces = await copied();
    });

    it("are copied as JSON: what the package finds elsewhere, too", async () => {
      const found = findFaces(image, {
        finder: await createFinder({ maxSide: 640 }),
        landmarker: await createLandmarker(),
      });
      expect(faces).toHaveLength(GROUP.length);
      for (const { image: name, points, normalized, score } of faces) {
        expect(name).toBe("photo.jpg");
        expect(normalized).toHaveLength(10);
        // The decoders of JPEG differ by a level or two, and so the scores, which give the order.
        const same = found.filter((face) =>
          face.points.every(({ x, y }, i) => Math.hypot(x - points[i]![0], y - points[i]![1]) < 2),
        );
        expect(same).toHaveLength(1);
        expect(Math.abs(same[0]!.score - score)).toBeLessThan(0.05);
      }
    });

    it("stand in the table in the same order and numbered", async () => {
      const table = await page
        .locator("#rows tr")
        .evaluateAll((rows) => rows.map((tr) => [...tr.children].map(({ textContent }) => textContent)));
      expect(table).toEqual(
        faces.map(({ points, score }, i) => [
          String(i + 1),
          ...points.map(([x, y]) => `${x.toFixed(1)}, ${y.toFixed(1)}`),
          score.toFixed(2),
        ]),
      );
    });

    it("are shown aligned, in the same order and numbered", async () => {
      const chips = await page.locator("#chips li").evaluateAll((items) =>
        items.map((item) => {
          const canvas = item.querySelector("canvas")!;
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, 112, 112);
          return { number: item.querySelector(".number")!.textContent, pixels: [...data] };
        }),
      );
      expect(chips.map(({ number }) => number)).toEqual(["1", "2", "3"]);
      for (const [i, { pixels }] of chips.entries()) {
        const { data } = alignFace(image, asPoints(faces[i]!.points));
        let difference = 0;
        for (let p = 0; p < 112 * 112; p++)
          for (let c = 0; c < 3; c++) difference += Math.abs(pixels[4 * p + c]! - data[3 * p + c]!);
        expect(difference / (112 * 112 * 3)).toBeLessThan(3); // levels of 255, mean
      }
    });

    it("have the colours of the command line, in the drawing and in the table's head", async () => {
      const dots = await page
        .locator("#points th i")
        .evaluateAll((all) => all.map((dot) => getComputedStyle(dot).backgroundColor));
      const rgb = COLOURS.map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
      expect(dots).toEqual(rgb.map((colour) => `rgb(${colour.join(", ")})`));

      const download = page.waitForEvent("download");
      await press("Download drawing");
      const file = await download;
      expect(file.suggestedFilename()).toBe("photo-points.jpg");
      const drawing = await sharp(await file.path())
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([drawing.info.width, drawing.info.height]).toEqual([image.width, image.height]);
      for (const { points } of faces)
        for (const [i, [x, y]] of points.entries()) {
          const at = 3 * (Math.round(y) * image.width + Math.round(x));
          const distance = Math.hypot(...rgb[i]!.map((value, c) => value - drawing.data[at + c]!));
          expect(distance, `point ${i + 1} at ${x}, ${y}`).toBeLessThan(60); // of 442; JPEG smears small dots
        }
    });

    it("look well", async () => {
      await shoot("group-light");
      await page.emulateMedia({ colorScheme: "dark" });
      await shoot("group-dark");
      await page.emulateMedia({ colorScheme: "light" });
    });
  });

  it("reads the face in a box that is dragged, to the same points as in the one that it found", async () => {
    await openFile(photo);
    await says("1 face found");
    const found = await eyes();
    const view = (await page.locator("#view").boundingBox())!;
    const scale = view.width / 384; // the photo's width
    const centre = { x: ((found.left[0]! + found.right[0]!) / 2) * scale, y: found.left[1]! * scale };
    const span = (found.right[0]! - found.left[0]!) * scale;
    await press("Draw a box");
    await page.mouse.move(view.x + centre.x - span * 1.1, view.y + centre.y - span * 0.8);
    await page.mouse.down();
    await page.mouse.move(view.x + centre.x + span * 1.1, view.y + centre.y + span * 1.4, { steps: 4 });
    await page.mouse.up();
    await says(/^Score (1|0\.9)/);
    const dragged = await eyes();
    expect(Math.abs(dragged.left[0]! - found.left[0]!)).toBeLessThan(
      0.15 * (found.right[0]! - found.left[0]!),
    );
    await shoot("own-box");
  });

  it("moves and sizes the box by the keyboard, and finds the faces again without it", async () => {
    const button = page.getByRole("button", { name: "Draw a box" });
    expect(await button.getAttribute("aria-pressed")).toBe("true");
    await page.locator("#view").focus();
    const before = await row();
    for (const key of ["ArrowRight", "ArrowDown", "+", "+", "-"]) await page.keyboard.press(key);
    expect(await row()).not.toEqual(before);
    await button.click();
    await says("1 face found");
    // A face where there is none is said to be none.
    await button.click();
    await page.locator("#view").focus();
    for (let i = 0; i < 30; i++) await page.keyboard.press("ArrowDown");
    await says("There may be no face");
    await button.click();
    await says("1 face found");
  });

  it("says so when a file is no image, and keeps nothing of the one before", async () => {
    await openFile(TEXT);
    await says("isn't an image");
    await expectNothing();
    await shoot("error");
  });

  it("says so when there is no face", async () => {
    await openBytes(await wall);
    await says("No face found.");
    expect(await page.locator("#rows tr").count()).toBe(0);
    expect(await page.locator("#view").isVisible()).toBe(true);
    await shoot("no-face");
  });

  /** What a person pastes or drops: a file in a DataTransfer. */
  const give = async (event: "paste" | "drop") => {
    const bytes = [...readFileSync(photo)];
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
    await clear();
    await give(event);
    await says("1 face found");
  });

  it("shows the file that does all this, and copies it", async () => {
    const source = readFileSync("examples/browser/src/faces.ts", "utf8");
    expect(await page.locator("#code").textContent()).toBe(source);
    await press("Copy code");
    await says("Copied the code.");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(source);
  });

  describe("for everybody", () => {
    const SCHEMES = ["light", "dark"] as const;
    afterAll(async () => {
      await page.setViewportSize(WIDE);
      await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
    });

    it.each([
      [320, "light"],
      [390, "light"],
      [390, "dark"],
    ] as const)("fits a telephone %i pixels wide (%s) with every column", async (width, colorScheme) => {
      await openBytes(
        // Four digits before the point are the widest cells.
        await sharp(await groupPhoto())
          .resize(5120)
          .jpeg()
          .toBuffer(),
      );
      await says("3 faces found");
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const cut = await page.locator("main *").evaluateAll((all) =>
        all
          .filter((each) => each.checkVisibility() && !each.matches("input"))
          .map((each) => ({ text: each.outerHTML.slice(0, 80), ...each.getBoundingClientRect().toJSON() }))
          .filter(({ left, right }) => left < 0 || right > innerWidth),
      );
      expect(cut).toEqual([]);
      await shoot(`${width}-${colorScheme}`);
    });

    const STATES: Readonly<Record<string, () => Promise<void>>> = {
      faces: async () => {
        await openFile(photo);
        await says("1 face found");
      },
      "a box": () => press("Draw a box"),
      "no face": async () => {
        await openBytes(await wall);
        await says("No face found.");
      },
      "a problem": clear,
      "the camera": async () => {
        await press("Use camera");
        await says("in view");
      },
      "the camera off": async () => {
        await press("Stop camera");
        await says("The camera is off.");
      },
    };
    it.each(Object.entries(STATES))("has no finding of axe with %s, light and dark", async (_, reach) => {
      await page.setViewportSize(WIDE);
      await reach();
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" }); // no colours on their way
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
        expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
      }
    });

    it("draws the edges of controls and the focus ring with a contrast of 3, light and dark", async () => {
      await openFile(photo);
      await says("1 face found");
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const edges = await page
          .locator(".button, button:enabled")
          .evaluateAll((all) => all.map((each) => getComputedStyle(each).borderTopColor));
        expect(edges.length).toBeGreaterThan(5);
        for (const edge of edges) expect(contrast(edge, paper), edge).toBeGreaterThanOrEqual(3);
      }
    });

    it("is used by the keyboard alone, with a ring around what has the focus", async () => {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(address);
      await says("1 face found");
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const reached: string[] = [];
      for (let i = 0; i < 7; i++) {
        await page.keyboard.press("Tab");
        const { name, style, colour } = await page.evaluate(() => {
          const active = document.activeElement!;
          const { outlineStyle, outlineColor } = getComputedStyle(active.closest(".button") ?? active);
          return { name: active.id, style: outlineStyle, colour: outlineColor };
        });
        reached.push(name);
        expect(style, name).toBe("solid");
        expect(contrast(colour, paper), name).toBeGreaterThanOrEqual(3);
      }
      expect(reached).toEqual(["file", "camera", "sample", "box", "copy", "download", "copy-code"]);
      await page.locator("#sample").focus();
      await page.keyboard.press("Enter");
      await says("1 face found");
    });

    it("keeps still for those who ask for it", async () => {
      const animation = () =>
        page.locator("#progress").evaluate((bar) => getComputedStyle(bar).animationName);
      await page.emulateMedia({ reducedMotion: "no-preference" });
      expect(await animation()).toBe("slide");
      await page.emulateMedia({ reducedMotion: "reduce" });
      expect(await animation()).toBe("none");
    });
  });

  it("follows a face through the camera's frames", async () => {
    await press("Use camera");
    await says("1 face in view");
    await page.waitForTimeout(1500);
    expect(await page.locator("#rows tr").count()).toBe(1);
    expect(await page.locator("#chips li").count()).toBe(1);
    expect(Number(await page.locator("#rate").textContent())).toBeGreaterThan(0);
    expect((await copied())[0]!.image).toBe("camera");
    await shoot("camera");
    await press("Stop camera");
    await says("The camera is off.");
    await expectNothing();
    await shoot("camera-off");
  });

  it("works offline after the first visit", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.context().setOffline(true);
    await page.reload();
    await says("1 face found");
    await page.context().setOffline(false);
  });

  it("has sent nothing: it asked its own host for its own files", () => {
    expect(requests.length).toBeGreaterThan(5);
    for (const { url, method } of requests) {
      expect(method, url).toBe("GET");
      if (!url.startsWith("blob:")) expect(url.startsWith(address), url).toBe(true);
    }
  });

  it("is as large as its README says", () => {
    const files = readdirSync(dist, { recursive: true, encoding: "utf8" })
      .map((name) => join(dist, name))
      .filter((file) => statSync(file).isFile());
    const total = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const loaded = files
      .filter((file) => /\.(html|css|js|jpg|svg)$/.test(file) && !/sw\.js|workbox/.test(file))
      .reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
    const [, all, gzipped] = /is ([\d.]+) MB, .* ([\d.]+) MB compressed/.exec(
      readFileSync("examples/browser/README.md", "utf8"),
    )!;
    expect(Number(all)).toBeCloseTo(total / 1e6, 1);
    expect(Number(gzipped)).toBeCloseTo(loaded / 1e6, 1);
  });

  describe("what comes in between", () => {
    let other: Page;
    const faults: string[] = [];
    const LANDSCAPE = { width: 640, height: 480 };
    /** A face in the middle, or at the left edge. */
    const face = ({ width, height } = LANDSCAPE, position = "centre") =>
      sharp(photo)
        .extract({ left: 45, top: 0, width: 280, height: 280 })
        .resize(Math.min(width, height))
        .resize({ width, height, fit: "contain", position, background: "#777" })
        .jpeg()
        .toBuffer();
    const said = (text: string | RegExp) => says(text, other);
    const rows = () => other.locator("#rows tr").count();
    const open = (buffer: Buffer) => openBytes(buffer, other);
    /** Does something in the page at the moment when it begins to look for faces. */
    const whenLooking = (act: string) =>
      other.evaluate(`{
        const status = document.getElementById("status");
        const observer = new MutationObserver(() => {
          if (status.textContent !== "Looking for faces…") return;
          observer.disconnect();
          ${act};
        });
        observer.observe(status, { childList: true, characterData: true, subtree: true });
      }`);
    /** Holds back the answers for some files until they are released. */
    async function hold(files: RegExp): Promise<() => void> {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await other.route(files, async (route) => {
        await released;
        await route.continue();
      });
      return release;
    }

    /** A camera that shows what a test puts before it, and knows its streams. */
    interface TestCamera {
      delay: number;
      error: string | undefined;
      facing: string | undefined;
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
        facing: undefined,
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
        const stream = canvas.captureStream(30);
        const { facing } = window.camera;
        if (facing) stream.getVideoTracks()[0].getSettings = () => ({ facingMode: facing });
        streams.push(stream);
        return stream;
      };`;
    const camera = <T>(call: (camera: TestCamera) => T): Promise<T> =>
      other.evaluate(`(${call})(window.camera)`) as Promise<T>;
    const putBeforeCamera = async (buffer: Buffer, { width, height } = LANDSCAPE) => {
      const url = `data:image/jpeg;base64,${buffer.toString("base64")}`;
      await other.evaluate(`window.camera.show("${url}", ${width}, ${height})`);
    };
    const useCamera = () => press("Use camera", other);
    const stopCamera = () => press("Stop camera", other);
    async function follow(): Promise<void> {
      await putBeforeCamera(await face());
      await useCamera();
      await said("1 face in view");
    }

    beforeAll(async () => {
      // No service worker: it would answer for what a test holds back.
      const context = await browser.newContext({ viewport: WIDE, serviceWorkers: "block" });
      other = await context.newPage();
      other.setDefaultTimeout(55_000);
      other.on("pageerror", (error) => faults.push(String(error)));
      await other.addInitScript(CAMERA);
    });

    describe("while the networks load", () => {
      let release: () => void;
      beforeEach(async () => {
        await other.unrouteAll({ behavior: "ignoreErrors" });
        release = await hold(/faces-.*\.js/);
        await other.goto(address);
        await said("Loading the networks…");
      });

      it("shows the photo at once and its points later, with a bar meanwhile", async () => {
        const middle = () =>
          other.locator("#view").evaluate((canvas: HTMLCanvasElement) => {
            const { data } = canvas.getContext("2d")!.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
            return [...data];
          });
        expect(await other.locator("#view").isVisible()).toBe(true);
        expect((await middle()).slice(0, 3)).not.toEqual([255, 255, 255]);
        expect(await other.locator("#progress").isVisible()).toBe(true);
        expect(await rows()).toBe(0);
        await other.screenshot({ path: `${SCREENSHOTS}/demo-loading.png` });
        release();
        await said("1 face found");
        expect(await rows()).toBe(1);
        expect(await other.locator("#progress").isVisible()).toBe(false);
      });

      it("reads the box that a person draws meanwhile, and nothing else", async () => {
        await press("Draw a box", other);
        await other.keyboard.press("+");
        release();
        await said("Score");
        expect(await rows()).toBe(1);
      });

      it("gives the points of the photo that was opened last", async () => {
        await open(await wall);
        await eventually(() => other.locator("#view").evaluate(({ style }) => style.width)).toBe("800px");
        release();
        await said("No face found.");
        expect(await rows()).toBe(0);
      });

      it("shows the camera's frames at once and their points later", async () => {
        await putBeforeCamera(await face());
        await useCamera();
        await said("Camera on.");
        await other.locator("#view").waitFor();
        expect(await rows()).toBe(0);
        release();
        await said("1 face in view");
      });
    });

    it("says so when the networks can't be loaded, and still shows the photo", async () => {
      await other.unrouteAll({ behavior: "ignoreErrors" });
      await other.route(/faces-.*\.js/, (route) => route.abort());
      await other.goto(address);
      await said(/couldn't be loaded.*reload the page/);
      expect(await other.locator("#view").isVisible()).toBe(true);
      await putBeforeCamera(await wall);
      await useCamera();
      await said(/couldn't be loaded.*reload the page/);
    });

    describe("while the page works", () => {
      beforeEach(async () => {
        await other.unrouteAll({ behavior: "ignoreErrors" });
        await other.goto(address);
        await said("1 face found");
      });

      it("keeps the points of a photo off the next one", async () => {
        const next = (await wall).toString("base64");
        await whenLooking(`
          const data = new DataTransfer();
          const bytes = Uint8Array.from(atob("${next}"), (c) => c.charCodeAt(0));
          data.items.add(new File([bytes], "wall.jpg", { type: "image/jpeg" }));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }))`);
        await press("Sample photo", other);
        await said("No face found.");
        await other.waitForTimeout(500);
        expect(await rows()).toBe(0);
        await said("No face found.");
      });

      it("keeps the box that a person draws meanwhile", async () => {
        await whenLooking(`
          document.getElementById("box").click();
          const press = new KeyboardEvent("keydown", { key: "+", bubbles: true, cancelable: true });
          document.getElementById("view").dispatchEvent(press)`);
        await open(await face());
        await said("Score");
        await other.waitForTimeout(500);
        await said("Score");
        expect(await rows()).toBe(1);
      });

      it("shows the photo that was opened last, whichever comes first", async () => {
        const release = await hold(/sample.*jpg/);
        await press("Sample photo", other);
        await open(await wall);
        await said("No face found.");
        const answered = other.waitForResponse(/sample.*jpg/);
        release();
        await (await answered).finished();
        await other.waitForTimeout(500);
        await said("No face found.");
        expect(await rows()).toBe(0);
      });

      it("counts in the pixels of the photo, also where it is larger than what is read", async () => {
        const read = async (side: number) => {
          const square = sharp(await face({ width: 400, height: 400 })).resize(side, side);
          const bytes = await square.jpeg().toBuffer();
          await openFile(TEXT, other);
          await said("isn't an image");
          await open(bytes);
          await said("1 face found");
          const eye = (await other.locator("#rows td").first().textContent())!.split(", ").map(Number);
          const label = (await other.locator("#view").getAttribute("aria-label"))!;
          const spoken = /left eye at (\d+), (\d+)/.exec(label)!;
          return [...eye, Number(spoken[1]), Number(spoken[2])];
        };
        const small = await read(400);
        for (const [i, value] of (await read(4000)).entries()) {
          expect(Math.abs(value / 10 - small[i]!)).toBeLessThan(2);
        }
      });

      it("says so when the sample can't be loaded, and when what is dropped or pasted is no image", async () => {
        await other.route(/sample.*jpg/, (route) => route.abort());
        await press("Sample photo", other);
        await said("couldn't be loaded");
        await expectNothing(other);
        await other.evaluate(() => {
          const dataTransfer = new DataTransfer();
          document.body.dispatchEvent(
            new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }),
          );
        });
        await said("isn't a file");
        await other.evaluate(() => {
          const clipboardData = new DataTransfer();
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        });
        await said("pasted isn't an image");
      });

      it("says so when the browser forbids to copy", async () => {
        await other.evaluate(() => {
          navigator.clipboard.writeText = () => Promise.reject(new Error("Write permission denied."));
        });
        await press("Copy as JSON", other);
        await said("doesn't let this page copy: Write permission denied.");
      });

      it("mirrors the camera that looks at the person, unless told not to", async () => {
        await putBeforeCamera(await face(LANDSCAPE, "left"));
        await useCamera();
        await said("1 face in view");
        const mirror = other.getByRole("button", { name: "Mirror" });
        const nose = async () =>
          Number((await other.locator("#rows td").nth(2).textContent())!.split(", ")[0]);
        expect(await mirror.getAttribute("aria-pressed")).toBe("true");
        await eventually(nose).toBeGreaterThan(320);
        const mirrored = await nose();
        await mirror.click();
        expect(await mirror.getAttribute("aria-pressed")).toBe("false");
        await eventually(nose).toBeLessThan(320);
        // The points of the mirrored frame are those of the frame, mirrored.
        await eventually(async () => Math.abs(640 - mirrored - (await nose()))).toBeLessThan(8);
        await stopCamera();
        expect(await mirror.isVisible()).toBe(false);
        // The one on a telephone's back looks at the world.
        await other.evaluate(`window.camera.facing = "environment"`);
        await useCamera();
        await said("1 face in view");
        expect(await mirror.getAttribute("aria-pressed")).toBe("false");
        await stopCamera();
      });

      it("lets go of a face that leaves the camera", async () => {
        await follow();
        await putBeforeCamera(await wall);
        await said("No face in view.");
        await other.waitForTimeout(1000);
        expect(await rows()).toBe(0);
        expect(await other.locator("#chips li").count()).toBe(0);
      });

      it("takes the shape of a camera that is rotated", async () => {
        await follow();
        const portrait = { width: 480, height: 640 };
        await putBeforeCamera(await face(portrait), portrait);
        const ratio = () =>
          other.locator("#view").evaluate((canvas: HTMLCanvasElement) => canvas.width / canvas.height);
        await eventually(ratio).toBeCloseTo(3 / 4, 2);
        await said("1 face in view");
      });

      it("stops every stream that it has asked for", async () => {
        await putBeforeCamera(await face());
        await camera((camera) => {
          camera.delay = 500;
        });
        await useCamera();
        await stopCamera(); // before there is a stream
        await useCamera();
        await said("1 face in view");
        await eventually(() => camera((camera) => [camera.asked(), camera.running()])).toEqual([2, 1]);
        await stopCamera();
        await said("The camera is off.");
        await expectNothing(other);
        expect(await camera((camera) => camera.running())).toBe(0);
        // A photo that is opened while the camera starts is what is shown.
        await useCamera();
        await open(await wall);
        await said("No face found.");
        await eventually(() => camera((camera) => [camera.asked(), camera.running()])).toEqual([3, 0]);
        await said("No face found.");
        // And so is one that is opened while it runs.
        await useCamera();
        await said("1 face in view");
        await open(await wall);
        await said("No face found.");
        expect(await camera((camera) => camera.running())).toBe(0);
        expect(await rows()).toBe(0);
      });

      it("says that the camera is gone, and shows nothing of it", async () => {
        await follow();
        await camera((camera) => camera.unplug());
        await said("The camera was disconnected.");
        await expectNothing(other);
        await other.getByRole("button", { name: "Use camera" }).waitFor();
      });

      it.each([
        ["NotAllowedError", "The camera is blocked"],
        ["NotFoundError", "No camera was found."],
        ["NotReadableError", "another program"],
        ["OverconstrainedError", "can't be used"],
      ])("says what %s means, and shows nothing of the photo before", async (name, text) => {
        await other.evaluate(`window.camera.error = "${name}"`);
        await useCamera();
        await said(text);
        await expectNothing(other);
      });
    });

    it("says that a camera, and copying, need a secure page", async () => {
      await other.goto(address.replace("127.0.0.1", "demo.example"));
      await said("1 face found");
      await press("Copy as JSON", other);
      await said(/Copying.*secure pages.*https/);
      await useCamera();
      await said(/camera.*secure pages.*https/);
    });

    it("says so where WebAssembly is missing", async () => {
      const context = await browser.newContext({ serviceWorkers: "block" });
      const old = await context.newPage();
      await old.addInitScript("delete globalThis.WebAssembly");
      await old.goto(address);
      await old.getByText("This browser can't run fivepoint").waitFor();
      await context.close();
    });

    it("has left no promise broken", () => {
      expect(faults).toEqual([]);
    });
  });

  it("has printed no error", () => {
    expect(problems).toEqual([]);
  });
});
