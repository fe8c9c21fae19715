/** CSV files as spreadsheets and other systems write them: read alike, or refused with the reason. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { BoxTable } from "../../src/cli/box-table.ts";
import { readDataset } from "../../src/cli/eval/dataset.ts";
import { readBoxes, readList } from "../../src/cli/lists.ts";
import { fivepoint, jsonLines, temporaryFolder } from "./support.ts";

const PHOTO = "examples/astronaut.jpg";
const FLAG = "140,67,106,112";
const POINTS = "171,101,216,103,193,127,175,142,212,142";
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

let count = 0;
function list(text: string | Uint8Array): string {
  const path = at(`list-${count++}.csv`);
  writeFileSync(path, text);
  return path;
}

const HEADER = "file,x,y,width,height";
const TEXT = `${HEADER}\nGröße.jpg,1,2,3,4\n`;
const EXPECTED = [{ file: "Größe.jpg", box: { x: 1, y: 2, width: 3, height: 4 }, line: 2 }];

/** UTF-16 with its byte order mark. */
function utf16(text: string, swapped: boolean): Uint8Array {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
  return swapped ? bytes.swap16() : bytes;
}

describe("encodings and separators", () => {
  it.each<[string, string | Uint8Array, number]>([
    ["UTF-8", TEXT, 2],
    ["UTF-8 with a byte order mark", `\ufeff${TEXT}`, 2],
    ["UTF-16, little endian", utf16(TEXT, false), 2],
    ["UTF-16, big endian", utf16(TEXT, true), 2],
    ["semicolons", TEXT.replaceAll(",", ";"), 2],
    ["tabs", TEXT.replaceAll(",", "\t"), 2],
    ["UTF-16 with tabs, as Excel's Unicode text", utf16(TEXT.replaceAll(",", "\t"), false), 2],
    ["a line sep=;", `sep=;\r\n${TEXT.replaceAll(",", ";")}`, 3],
    ["a line sep=,", `\ufeffsep=,\n${TEXT}`, 3],
    ["a quoted line sep=", `"sep=|"\n${TEXT.replaceAll(",", "|")}`, 3],
    ["empty columns at the end", TEXT.replaceAll("\n", ",,\n"), 2],
  ])("reads %s", async (_, text, line) => {
    expect(await readBoxes(list(text))).toEqual(EXPECTED.map((row) => ({ ...row, line })));
  });

  it("keeps commas in names where something else separates", async () => {
    const rows = await readBoxes(list("file;x;y;w;h\none, two.jpg;1;2;3;4\n"));
    expect(rows[0]!.file).toBe("one, two.jpg");
  });

  it.each([
    ["Latin-1", Buffer.from(TEXT, "latin1")],
    ["UTF-16 without a mark", Buffer.from(TEXT, "utf16le")],
    ["a photo", Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])],
  ])("refuses %s", async (_, bytes) => {
    await expect(readBoxes(list(bytes))).rejects.toThrow(/expected text in UTF-8, or in UTF-16/);
  });
});

describe("columns and rows", () => {
  it.each([
    ["two columns of one name", "file,x,y,x,w,h\na,1,2,3,4,5\n", /different names, but found two "x"/],
    ["two that differ in case", "file,x,y,W,w,h\na,1,2,3,4,5\n", /found two "w"/],
    ["a row without a name", `${HEADER}\n,1,2,3,4\n`, /line 2: expected the name of an image/],
    ["a box in fractions", `${HEADER}\na.jpg,.1,.2,.3,.4\n`, /line 2: .*fractions.*x=\.1 y=\.2/],
    ["a row that is too long", `${HEADER}\na.jpg,1,2,3,4,5\n`, /line 2/],
  ])("refuses %s", async (_, text, message) => {
    await expect(readBoxes(list(text))).rejects.toThrow(message);
  });

  it("refuses two boxes for one labelled face", async () => {
    const points = "x0,y0,x1,y1,x2,y2,x3,y3,x4,y4";
    const faces = list(`file,${points}\na.jpg,${POINTS}\n`);
    const boxes = list(`${HEADER}\na.jpg,1,2,3,4\na.jpg,1,2,3,5\n`);
    await expect(readDataset(faces, folder, { from: boxes })).rejects.toThrow(
      /line 3: expected one box per file/,
    );
  });

  it("reads numbers in columns of any other name as text", async () => {
    expect((await readList(list("file,note\na.jpg,1e3\n")))[0]).toEqual({
      row: { file: "a.jpg", note: "1e3" },
      line: 2,
    });
  });
});

describe("names of images", () => {
  const NFC = "Größe/Zoë.jpg".normalize("NFC");
  const NFD = NFC.normalize("NFD");

  it.each([
    ["composed", NFC, NFD],
    ["decomposed", NFD, NFC],
    ["with backslashes", NFC.replace("/", "\\"), NFC],
    ["with a dot", `./${NFC}`, NFC],
    ["decomposed, with backslashes and folders before it", `in\\${NFD.replace("/", "\\")}`, `in/${NFC}`],
  ])("find it %s", async (_, listed, path) => {
    const table = await BoxTable.read(list(`file,x,y,w,h\n"${listed}",1,2,3,4\n`));
    const asked = join(folder, "deeper", path);
    expect(table.assign([asked]).boxes.get(asked)).toEqual([{ x: 1, y: 2, width: 3, height: 4 }]);
  });

  it("an absolute and a relative name are of one image", async () => {
    const table = await BoxTable.read(list(`file,x,y,w,h\na.jpg,1,2,3,4\n${at("a.jpg")},5,6,7,8\n`));
    const { boxes, unused } = table.assign([at("a.jpg")]);
    expect([boxes.get(at("a.jpg")), unused]).toEqual([[expect.anything(), expect.anything()], 0]);
  });

  it("are an error where they could mean another image too", async () => {
    const table = await BoxTable.read(list("file,x,y,w,h\na.jpg,1,2,3,4\n"));
    const twins = ["/one/a.jpg", "/two/a.jpg"];
    const { boxes } = table.assign(twins);
    for (const path of twins) expect(String(boxes.get(path))).toMatch(/could mean another/);
    // Beside the list lies the one that is meant.
    const beside = table.assign([at("a.jpg"), at("sub/a.jpg")]).boxes;
    expect(beside.get(at("a.jpg"))).toHaveLength(1);
    expect(String(beside.get(at("sub/a.jpg")))).toMatch(/could mean another/);
    // Named twice it is one.
    expect(table.assign([at("a.jpg"), resolve(at("a.jpg"))]).boxes.get(at("a.jpg"))).toHaveLength(1);
  });

  it("eval and quantize find them too: absolute, with backslashes, composed or decomposed", async () => {
    mkdirSync(at("Größe".normalize("NFD")));
    const photo = at("Größe".normalize("NFD"), "Zoë.jpg".normalize("NFC"));
    cpSync(PHOTO, photo);
    cpSync(PHOTO, at("plain.jpg"));
    mkdirSync(at("sub"));
    cpSync(PHOTO, at("sub/Zoë.jpg".normalize("NFD")));
    const names = [photo, "plain.jpg", resolve(PHOTO), "sub\\Zoë.jpg".normalize("NFC"), "sub/Zoë.jpg"];
    const rows = names.map((name) => `${name},${FLAG},${POINTS}\n`).join("");
    const faces = list(`file,x,y,w,h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n${rows}`);
    const result = await fivepoint(["eval", faces, "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(jsonLines(result)[0].raw.faces).toBe(names.length);
    const quantized = await fivepoint([
      "weights",
      "quantize",
      "--calibrate",
      faces,
      "--out",
      at("q.safetensors"),
    ]);
    expect(quantized).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`on ${names.length} faces`),
    });
  });
});
