/** Outputs never destroy what people have: every command plans its outputs, and compares them by their real paths. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { serializeWeights } from "../../src/core/landmarks.ts";
import { writeIr } from "../support/openvino.ts";
import { randomWeights } from "../support/weights.ts";
import { fivepoint, temporaryFolder } from "./support.ts";

const PHOTO = "examples/astronaut.jpg";
const FLAG = "140,67,106,112";
const TWO = ["--box", FLAG, "--box", "130,60,120,120"];
const root = temporaryFolder();
let folder = root;
const at = (...names: string[]) => join(folder, ...names);

let count = 0;
beforeEach(() => {
  folder = join(root, `${count++}`);
  mkdirSync(folder);
});

/** Runs a command that has to be refused, and checks that nothing was changed. */
async function refuses(args: readonly string[], message: RegExp) {
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [
        join(parentPath, name),
        readFileSync(join(parentPath, name)).toString("base64"),
      ]);
  const before = files();
  const result = await fivepoint(args);
  expect(result).toMatchObject({ status: 2, stdout: "" });
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/\n +at /);
  expect(files()).toEqual(before);
}

describe("fivepoint detect", () => {
  it("doesn't write an aligned face over an input that has its number", async () => {
    for (const name of ["chip-1.jpg", "chip-3.jpg"]) cpSync(PHOTO, at(name));
    const align = ["--align", at("chip.jpg")];
    await refuses(
      ["detect", at("chip-1.jpg"), ...TWO, ...align],
      /--align.*overwrite the input .*chip-1\.jpg/,
    );
    await refuses(["detect", at("chip-3.jpg"), "--detector", "face-api", ...align], /overwrite.*chip-3\.jpg/);
    // Two boxes never make a third chip.
    expect(await fivepoint(["detect", at("chip-3.jpg"), ...TWO, ...align])).toMatchObject({ status: 0 });
  });

  it("numbers all aligned faces where a name and a number could mean two of them", async () => {
    mkdirSync(at("in"));
    for (const name of ["a.jpg", "a-1.jpg", "b.jpg"]) cpSync(PHOTO, at("in", name));
    const rows = ["a.jpg", "a.jpg", "a-1.jpg", "b.jpg"].map((name) => `in/${name},${FLAG}\n`);
    writeFileSync(at("boxes.csv"), `file,x,y,width,height\n${rows.join("")}`);
    const result = await fivepoint(["detect", at("in"), "--boxes", at("boxes.csv"), "--align", at("out")]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(at("out")).sort()).toEqual(["a-1-1.jpg", "a-1.jpg", "a-2.jpg", "b-1.jpg"]);
  });

  it("doesn't write aligned faces over drawings", async () => {
    cpSync(PHOTO, at("photo.jpg"));
    const places = ["--out", at("face-2.png"), "--align", at("face.png")];
    await refuses(["detect", at("photo.jpg"), ...TWO, ...places], /--out and --align.*face-2\.png/);
  });

  it("sees through links to images, lists, weights and folders", async () => {
    cpSync(PHOTO, at("photo.png"));
    symlinkSync(at("photo.png"), at("link.png"));
    await refuses(
      ["detect", at("photo.png"), "--whole", "--out", at("link.png")],
      /overwrite the input .*photo\.png/,
    );
    await refuses(["detect", at("link.png"), "--whole", "--out", at("photo.png")], /overwrite/);
    symlinkSync(folder, at("same"));
    await refuses(["detect", at("photo.png"), "--whole", "--out", at("same")], /overwrite/);
    await refuses(["detect", at("photo.png"), "--whole", "--out", at("same/photo.png")], /overwrite/);
    // A link that leads nowhere yet: both would make the same file.
    symlinkSync(at("new.png"), at("dangling.png"));
    const both = ["--out", at("dangling.png"), "--align", at("new.png")];
    await refuses(
      ["detect", at("photo.png"), "--whole", ...both],
      /--out and --align: expected different places/,
    );
    // Lists and weights may be named as images are.
    writeFileSync(at("list.png"), `file,x,y,width,height\nphoto.png,${FLAG}\n`);
    const listed = ["detect", at("photo.png"), "--boxes", at("list.png")];
    await refuses([...listed, "--out", at("list.png")], /overwrite the input .*list\.png/);
    cpSync("dist/weights.safetensors", at("weights.png"));
    await refuses([...listed, "--weights", at("weights.png"), "--align", at("weights.png")], /overwrite/);
  });

  it("writes through a link, which stays one", async () => {
    mkdirSync(at("elsewhere"));
    symlinkSync(at("elsewhere/drawn.png"), at("link.png"));
    for (let run = 0; run < 2; run++) {
      expect(await fivepoint(["detect", PHOTO, "--whole", "--out", at("link.png")])).toMatchObject({
        status: 0,
      });
      expect(readlinkSync(at("link.png"))).toBe(at("elsewhere/drawn.png"));
      expect((await sharp(at("elsewhere/drawn.png")).metadata()).format).toBe("png");
    }
  });

  it("keeps folders apart whose names begin with two dots", async () => {
    mkdirSync(at("..x"));
    cpSync(PHOTO, at("..x/a.jpg"));
    cpSync(PHOTO, at("b.jpg"));
    const out = ["--whole", "--out", at("out")];
    expect(await fivepoint(["detect", at("b.jpg"), at("..x/a.jpg"), ...out])).toMatchObject({ status: 0 });
    expect(readdirSync(at("out"), { recursive: true }).sort()).toEqual([
      "..x",
      join("..x", "a.jpg"),
      "b.jpg",
    ]);
    // Names nothing: only the paths matter.
    const far = await fivepoint([
      "detect",
      at("b.jpg"),
      "/..x/a.jpg",
      "--whole",
      "--out",
      at("far"),
      "--json",
    ]);
    expect(far.status).toBe(1);
    expect(existsSync(at("far", folder, "b.jpg"))).toBe(true);
  });

  it("takes a name that ends in a slash for a folder", async () => {
    const result = await fivepoint([
      "detect",
      PHOTO,
      "--whole",
      "--out",
      at("new/"),
      "--align",
      at("chips.d/"),
    ]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect([...readdirSync(at("new")), ...readdirSync(at("chips.d"))]).toEqual([
      "astronaut.jpg",
      "astronaut.jpg",
    ]);
    await refuses(
      ["detect", PHOTO, "--whole", "--out", at("unclear")],
      /\.png.*or a folder, as in .*unclear\//,
    );
  });
});

describe("fivepoint eval", () => {
  const points = "171,101,216,103,193,127,175,142,212,142";
  beforeEach(() => {
    cpSync(PHOTO, at("photo.jpg"));
    writeFileSync(
      at("list.csv"),
      `file,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,x,y,w,h\nphoto.jpg,${points},${FLAG}\n`,
    );
    writeFileSync(at("boxes.csv"), `file,x,y,w,h\nphoto.jpg,${FLAG}\n`);
  });

  it("writes over nothing that it reads", async () => {
    const list = ["eval", at("list.csv")];
    symlinkSync(at("list.csv"), at("link.csv"));
    cpSync("dist/weights.safetensors", at("weights.svg"));
    await refuses([...list, "--predictions", at("list.csv")], /--predictions.*overwrite/);
    await refuses([...list, "--predictions", at("link.csv")], /overwrite the input .*list\.csv/);
    await refuses([...list, "--boxes", at("boxes.csv"), "--predictions", at("boxes.csv")], /overwrite/);
    await refuses([...list, "--worst", "1", "--out", at("photo.jpg")], /--out.*overwrite/);
    await refuses(
      [...list, "--weights", at("weights.svg"), "--plot", at("weights.svg")],
      /--plot.*overwrite/,
    );
    await refuses([...list, "--plot", at("a.svg"), "--predictions", at("a.svg")], /--plot and --predictions/);
  });

  it("draws a chart only under a name of one", async () => {
    await refuses(["eval", at("list.csv"), "--plot", at("ced.png")], /--plot .*ced\.png: expected .*\.svg/);
    await refuses(["bench", "--chart", at("times.png")], /--chart .*times\.png: expected .*\.svg/);
  });
});

describe("fivepoint weights and bench", () => {
  const ir = writeIr(randomWeights(4), {});
  beforeEach(() => {
    writeFileSync(at("model.xml"), ir.xml);
    writeFileSync(at("model.bin"), ir.bin);
    writeFileSync(at("weights.svg"), serializeWeights(randomWeights(4)));
    cpSync(PHOTO, at("photo.jpg"));
    writeFileSync(at("list.csv"), `file,x,y,w,h\nphoto.jpg,${FLAG}\n`);
  });

  it("write over nothing that they read", async () => {
    symlinkSync(at("weights.svg"), at("link"));
    const model = ["weights", "import", "--xml", at("model.xml"), "--bin", at("model.bin")];
    await refuses([...model, "--out", at("model.bin")], /--out.*overwrite the input .*model\.bin/);
    await refuses([...model, "--out", at("model.xml")], /overwrite/);
    await refuses(
      ["weights", "export", "--format", "onnx", "--weights", at("weights.svg"), "--out", at("link")],
      /overwrite/,
    );
    const quantize = ["weights", "quantize", "--weights", at("weights.svg"), "--calibrate", at("list.csv")];
    await refuses([...quantize, "--out", at("link")], /overwrite/);
    await refuses([...quantize, "--out", at("list.csv")], /overwrite/);
    await refuses([...quantize, "--out", at("photo.jpg")], /overwrite/);
    await refuses(
      ["bench", "--weights", at("weights.svg"), "--chart", at("weights.svg")],
      /--chart.*overwrite/,
    );
  });
});
