/** What the guides in docs/guides show: JavaScript runs, TypeScript compiles, options exist, links lead somewhere. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import sharp from "sharp";
import { globSync } from "tinyglobby";
import { beforeAll, describe, expect, it } from "vitest";
import { parseWeights } from "../src/core/landmarks.ts";
import { command, fivepoint } from "./cli/support.ts";
import { writeCamera } from "./examples/camera-file.ts";
import { hasChromium, launchChromium } from "./support/chromium.ts";
import { writeIr } from "./support/openvino.ts";
import { blocks, fileLinks } from "./support/samples.ts";
import { serveFolder } from "./support/serve.ts";

const guides = globSync("docs/guides/*.md").map((path) => ({ path, text: readFileSync(path, "utf8") }));
/** Inside the package, so that samples find it by its name. */
const folder = "build/guides";

const samples = (language: string) =>
  guides.flatMap(({ path, text }) =>
    blocks(text, language).map(
      (sample, i) => [`${basename(path, ".md")}-${i + 1}.${language}`, sample] as const,
    ),
  );

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync("examples/astronaut.jpg", join(folder, "photo.jpg"));
  // The official weights are fetched; the default ones stand in for them.
  const weights = readFileSync("weights/default.safetensors");
  writeFileSync(join(folder, "official.safetensors"), weights);
  const { xml, bin } = writeIr(parseWeights(weights), {});
  writeFileSync(join(folder, "landmarks-regression-retail-0009.xml"), xml);
  writeFileSync(join(folder, "landmarks-regression-retail-0009.bin"), bin);
});

it.each(samples("js"))("%s runs", async (name, sample) => {
  const file = name.replace(/js$/, "mjs");
  writeFileSync(join(folder, file), sample);
  expect(await command(process.execPath, [file], folder)).toMatchObject({ status: 0, stderr: "" });
});

it("toInput takes chips in RGB and in RGBA", async () => {
  const [, toInput] = blocks(readFileSync("docs/guides/alignment.md", "utf8"), "js");
  const url = `data:text/javascript,${encodeURIComponent(toInput!)}`;
  const photo = sharp("examples/astronaut.jpg").resize(112, 112);
  const [rgb, rgba] = await Promise.all(
    [photo.clone(), photo.clone().ensureAlpha()].map((image) => image.raw().toBuffer()),
  );
  const size = { width: 112, height: 112 };
  const inputs = [rgb!, rgba!].map(async (data) => (await import(url)).toInput({ data, ...size }));
  const [input, same] = await Promise.all(inputs);
  expect(same).toEqual(input);
  expect(input[112 * 112 + 5]).toBeCloseTo((rgb![3 * 5 + 1]! - 127.5) / 127.5);
});

/** Stand-ins for what samples import that isn't installed here. */
const ELSEWHERE = {
  "decode.d.ts": 'export function decode(file: Uint8Array): Promise<import("fivepoint").ImageLike>;\n',
  "react.d.ts": `declare namespace JSX { type Element = object; type IntrinsicElements = Record<string, object>; }
declare module "react" {
  export function useEffect(effect: () => void | (() => void), dependencies: unknown[]): void;
  export function useRef<T>(value: T | null): { current: T | null };
}
`,
};

const follow = samples("ts").find(([, sample]) => sample.includes("function follow("))![1];

it("TypeScript compiles", async () => {
  for (const [name, sample] of [...samples("ts"), ...samples("tsx")])
    writeFileSync(join(folder, name), sample);
  writeFileSync(join(folder, "follow.ts"), follow);
  for (const [name, types] of Object.entries(ELSEWHERE)) writeFileSync(join(folder, name), types);
  const compilerOptions = {
    ...{ target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2022", "dom"] },
    ...{ types: [], strict: true, noEmit: true, jsx: "preserve" },
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["*.ts", "*.tsx"] }),
  );
  const { stdout, status } = await command(process.execPath, [
    "node_modules/typescript/bin/tsc",
    "-p",
    folder,
  ]);
  expect([stdout, status]).toEqual(["", 0]);
});

it.skipIf(!hasChromium)(
  "the camera's faces are drawn over the video, until the signal aborts (needs Chromium)",
  async () => {
    const [, markup] = blocks(readFileSync("docs/guides/browsers-and-video.md", "utf8"), "html");
    writeFileSync(join(folder, "follow.ts"), follow);
    writeFileSync(
      join(folder, "page.ts"),
      `import { follow } from "./follow";
const controller = new AbortController();
Object.assign(globalThis, { controller });
await follow(document.querySelector("video")!, document.querySelector("canvas")!, controller.signal);
`,
    );
    const options = { bundle: true, format: "esm", target: "es2022" } as const;
    await build({ ...options, entryPoints: [join(folder, "page.ts")], outfile: join(folder, "page.js") });
    writeFileSync(
      join(folder, "page.html"),
      `<!doctype html>${markup}<script type="module" src="page.js"></script>`,
    );
    const server = await serveFolder(folder);
    const browser = await launchChromium(
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-video-capture=${resolve(await writeCamera())}`,
    );
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on("pageerror", ({ message }) => problems.push(message));
      await page.goto(`${server.url}/page.html`);
      // Opaque pixels of the canvas: something is drawn.
      await page.waitForFunction(() => {
        const { width, height } = document.querySelector("canvas")!;
        const { data } = document
          .querySelector("canvas")!
          .getContext("2d")!
          .getImageData(0, 0, width, height);
        return data.some((value, i) => i % 4 === 3 && value > 0);
      });
      const sizes = await page.evaluate(() =>
        ["video", "canvas"].map((name) => {
          const { left, top, width, height } = document.querySelector(name)!.getBoundingClientRect();
          return { left, top, width, height };
        }),
      );
      expect(sizes[1]).toEqual(sizes[0]);
      await page.evaluate("controller.abort()");
      const states = await page.evaluate(() =>
        (document.querySelector("video")!.srcObject as MediaStream)
          .getTracks()
          .map(({ readyState }) => readyState),
      );
      expect(states).toEqual(["ended"]);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  },
);

describe("commands", () => {
  const lines = guides.flatMap(({ text }) =>
    blocks(text, "sh").flatMap((block) => block.split("\n").filter(Boolean)),
  );
  it.each(lines.filter((line) => !line.startsWith("npm install")))("%s has these options", async (line) => {
    const [npx, name, ...args] = line.split(" ");
    expect([npx, name]).toEqual(["npx", "fivepoint"]);
    const words = args.slice(
      0,
      args.findIndex((arg) => arg.startsWith("-") || arg.includes(".")),
    );
    const { stdout } = await fivepoint([...words, "--help"]);
    for (const option of args.filter((arg) => arg.startsWith("--"))) expect(stdout).toContain(option);
  });
});

it.each(guides.map(({ path, text }) => [path, text] as const))(
  "%s links to files that are there",
  (path, text) => {
    expect(fileLinks(text).filter((target) => !existsSync(join(dirname(path), target)))).toEqual([]);
  },
);
