/** What folders and globs stand for: every image once, none left out silently. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { findImages, formatOf } from "../../src/cli/images.ts";
import { fivepoint, jsonLines, temporaryFolder } from "./support.ts";

const PHOTO = "examples/astronaut.jpg";
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const found = async (...args: string[]) => (await findImages(args)).map(({ path }) => path);

beforeAll(() => {
  mkdirSync(at("album/real"), { recursive: true });
  for (const name of ["a.jpg", "z.jpg"]) cpSync(PHOTO, at("album/real", name));
  cpSync(PHOTO, at("album/b.jpg"));
});

describe("a folder", () => {
  it("is read once, by whatever links it is reached", async () => {
    symlinkSync(at("album/real"), at("album/again"));
    symlinkSync(at("album"), at("album/real/up"));
    const files = ["b.jpg", "real/a.jpg", "real/z.jpg"];
    expect(await found(at("album"))).toEqual(files.map((name) => at("album", name)));
    symlinkSync(at("album"), at("linked"));
    expect(await found(at("linked"))).toEqual(files.map((name) => at("linked", name)));
    expect(await found(at("**/*.jpg"))).toEqual(files.map((name) => at("album", name)));
  });

  it("is read through a link where there is no other way, and links to files are files", async () => {
    mkdirSync(at("links"));
    symlinkSync(at("album/real"), at("links/folder"));
    symlinkSync(at("album/b.jpg"), at("links/b.jpg"));
    symlinkSync(at("album/b.jpg"), at("links/c.jpg"));
    const names = ["b.jpg", "c.jpg", "folder/a.jpg", "folder/z.jpg"];
    expect(await found(at("links"))).toEqual(names.map((name) => at("links", name)));
  });

  it("gives images of every ending, also those that sharp may not read", async () => {
    mkdirSync(at("endings"));
    const endings = "JFIF avif bmp gif heic heif jfif jp2 jpe jpeg jxl png tif tiff webp".split(" ");
    for (const ending of endings) cpSync(PHOTO, at("endings", `a.${ending}`));
    for (const name of ["notes.txt", "boxes.csv", ".hidden.jpg"]) writeFileSync(at("endings", name), "");
    expect(await found(at("endings"))).toEqual(endings.map((ending) => at("endings", `a.${ending}`)).sort());
    writeFileSync(at("endings/a.heic"), "no image");
    const result = await fivepoint(["detect", at("endings"), "--whole", "--json"]);
    expect(result.status).toBe(1);
    expect(jsonLines(result).flatMap(({ image, error }) => (error ? [[image, error]] : []))).toEqual([
      [at("endings/a.heic"), "the file contains unsupported image format"],
    ]);
  });

  it("whose name looks like a glob is a folder", async () => {
    mkdirSync(at("set [1]"));
    cpSync(PHOTO, at("set [1]/a.jpg"));
    expect(await found(at("set [1]"))).toEqual([at("set [1]/a.jpg")]);
    expect(await found(at("set [1]/a.jpg"))).toEqual([at("set [1]/a.jpg")]);
  });
});

it("the format is that of the ending, in one place", () => {
  const names = ["a.JPG", "a.jpeg", "a.jpe", "a.jfif", "a.png", "a.webp", "a.avif", "a.gif", "a.tiff", "a"];
  const jpeg = "jpeg";
  expect(names.map(formatOf)).toEqual([
    jpeg,
    jpeg,
    jpeg,
    jpeg,
    "png",
    "webp",
    "avif",
    undefined,
    undefined,
    undefined,
  ]);
});
