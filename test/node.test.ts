/** `readImage` of fivepoint/node, what ships, against sharp itself. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readImage } from "../dist/node.js";
import { command, temporaryFolder } from "./cli/support.ts";

const PHOTO = "examples/astronaut.jpg";
const bytes = readFileSync(PHOTO);
const folder = temporaryFolder();
const face = () => sharp(bytes).extract({ left: 110, top: 40, width: 150, height: 101 });
const plain = async (file: Buffer) =>
  new Uint8Array(await sharp(file).removeAlpha().toColourspace("srgb").raw({ depth: "uchar" }).toBuffer());

describe("sources", () => {
  const want = { width: 384, height: 384, format: "rgb" };
  const view = new Uint8Array(new Uint8Array([...Array(9).fill(0), ...bytes]).buffer, 9);
  const buffer = new Uint8Array(bytes).buffer;
  const data = new URL(`data:image/jpeg;base64,${bytes.toString("base64")}`);
  it.each<[string, Parameters<typeof readImage>[0]]>([
    ["a path", PHOTO],
    ["a URL of a file", pathToFileURL(resolve(PHOTO))],
    ["a URL that holds the file", data],
    ["a Buffer", bytes],
    ["a view", view],
    ["an ArrayBuffer", buffer],
  ])("%s", async (_, source) => {
    const image = await readImage(source);
    expect(image).toMatchObject(want);
    expect(Buffer.compare(image.data as Uint8Array, await plain(bytes))).toBe(0);
  });

  it("a URL of a server", async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/photo" ? 200 : 404;
      response.end(request.url === "/photo" ? bytes : "nothing");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const at = (path: string) => new URL(`http://127.0.0.1:${port}/${path}`);
    try {
      expect(await readImage(at("photo"))).toMatchObject(want);
      await expect(readImage(at("nothing"))).rejects.toThrow(/nothing can't be fetched: .*404/);
    } finally {
      server.close();
      server.closeAllConnections();
    }
    await expect(readImage(at("photo"))).rejects.toThrow(/photo can't be fetched: .*ECONNREFUSED/);
  });
});

describe("what comes back", () => {
  // Where pixel (x, y) of the upright image lies in the stored one, of a given size (EXIF 2.32, section 4.6.4).
  const STORED: ((x: number, y: number, w: number, h: number) => [number, number])[] = [
    (x, y) => [x, y],
    (x, y, w) => [w - 1 - x, y],
    (x, y, w, h) => [w - 1 - x, h - 1 - y],
    (x, y, _, h) => [x, h - 1 - y],
    (x, y) => [y, x],
    (x, y, _, h) => [y, h - 1 - x],
    (x, y, w, h) => [w - 1 - y, h - 1 - x],
    (x, y, w) => [w - 1 - y, x],
  ];
  it.each(STORED.map((stored, i) => [i + 1, stored] as const))(
    "EXIF %i is upright",
    async (orientation, stored) => {
      const [w, h] = [150, 101];
      const pixels = await plain(await face().png().toBuffer());
      const image = await readImage(await face().withMetadata({ orientation }).png().toBuffer());
      const size = orientation > 4 ? { width: h, height: w } : { width: w, height: h };
      expect(image).toMatchObject(size);
      const want = Uint8Array.from(image.data, (_, i) => {
        const [x, y] = stored(Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width), w, h);
        return pixels[(y * w + x) * 3 + (i % 3)]!;
      });
      expect(new Uint8Array(image.data)).toEqual(want);
    },
  );

  it.each(["jpeg", "png", "webp", "avif", "gif", "tiff"] as const)("%s", async (format) => {
    const file = await face().toFormat(format).toBuffer();
    expect(Buffer.compare((await readImage(file)).data as Uint8Array, await plain(file))).toBe(0);
  });

  it("is RGB, whatever was stored", async () => {
    const gray = await readImage(await face().grayscale().png().toBuffer());
    expect(gray).toMatchObject({ width: 150, height: 101, format: "rgb" });
    expect(gray.data).toHaveLength(150 * 101 * 3);
    const alpha = await readImage(await face().ensureAlpha(0.5).png().toBuffer());
    expect(Buffer.compare(alpha.data as Uint8Array, await plain(await face().png().toBuffer()))).toBe(0);
  });

  it("is in sRGB, whatever the profile of the file", async () => {
    const want = await plain(await face().png().toBuffer());
    const file = await face().withIccProfile("p3").png().toBuffer();
    const most = (data: Uint8Array) => data.reduce((most, v, i) => Math.max(most, Math.abs(v - want[i]!)), 0);
    const stored = await sharp(file, { ignoreIcc: true }).removeAlpha().raw().toBuffer();
    expect(most(stored)).toBeGreaterThan(10);
    expect(most((await readImage(file)).data as Uint8Array)).toBeLessThanOrEqual(2); // rounded on the way there and back
  });

  it.each([383, 200, 96, 1])("maxSide %i: the longest side, shrunk as sharp does", async (maxSide) => {
    const file = await face().toBuffer();
    const image = await readImage(file, { maxSide });
    const side = Math.min(150, maxSide);
    expect(image).toMatchObject({ width: side, height: Math.max(1, Math.round((101 * side) / 150)) });
    const upright = await readImage(await face().withMetadata({ orientation: 6 }).toBuffer(), { maxSide });
    expect(upright).toMatchObject({ width: image.height, height: image.width });
  });
});

describe("errors", () => {
  it.each<[string, unknown, object, RegExp]>([
    ["nothing", undefined, {}, /TypeError: .*a path, a URL or the bytes.*for source.*undefined/],
    ["pixels", { data: new Uint8Array(3), width: 1, height: 1 }, {}, /TypeError: .*type Object/],
    ["a promise", Promise.resolve(PHOTO), {}, /TypeError: .*type Promise/],
    ["no such file", join(folder, "none.jpg"), {}, /ENOENT.*none\.jpg/],
    ["a folder", folder, {}, /EISDIR/],
    ["another file", "package.json", {}, /package\.json can't be decoded: .*unsupported image format/],
    ["no bytes", new Uint8Array(), {}, /source can't be decoded: .*empty/i],
    ["a cut file", bytes.subarray(0, 9000), {}, /source can't be decoded: /],
    ["no side", PHOTO, { maxSide: 0 }, /RangeError: .*options\.maxSide.*received 0/],
    ["a broken side", PHOTO, { maxSide: 9.5 }, /RangeError: .*options\.maxSide/],
    ["another option", PHOTO, { maxside: 9 }, /TypeError: .*maxside/],
  ])("%s", async (_, source, options, message) => {
    const said = await readImage(source as never, options).then(String, String);
    expect(said).toMatch(message);
  });

  it("without sharp it says how to install it", async () => {
    mkdirSync(join(folder, "node_modules/fivepoint"), { recursive: true });
    cpSync("package.json", join(folder, "node_modules/fivepoint/package.json"));
    cpSync("dist", join(folder, "node_modules/fivepoint/dist"), { recursive: true });
    writeFileSync(
      join(folder, "read.mjs"),
      `import { readImage } from "fivepoint/node"; await readImage(new Uint8Array(9)).catch((e) => console.log(e.message));`,
    );
    const { stdout } = await command(process.execPath, ["read.mjs"], folder);
    expect(stdout).toMatch(/needs the package sharp: npm install sharp/);
  });
});
