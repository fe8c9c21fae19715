import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { random } from "../support/random.ts";
import { reference } from "../support/reference.ts";
import { fivepoint, jsonLines, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

// Where the points are in examples/astronaut.jpg, found by eye.
const POINTS = [
  [171, 101],
  [216, 103],
  [193, 127],
  [175, 142],
  [212, 142],
] as const;
const COUNT = 24;
const SIDE = 96;

/** A labelled face: its file, source, box and ten coordinates. */
type Face = [file: string, source: string, box: number[], points: number[]];
const faces: Face[] = [];

const HEADER = "file,source,box_x,box_y,box_w,box_h,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4";
const table = (rows: readonly Face[], header = HEADER) =>
  `${header}\n${rows.map(([file, source, box, points]) => [file, source, ...box, ...points].join(",")).join("\n")}\n`;

async function evaluate(rows: readonly Face[] | string, ...args: string[]) {
  const list = typeof rows === "string" ? rows : at("list.csv");
  if (typeof rows !== "string") writeFileSync(list, table(rows));
  const result = await fivepoint(["eval", list, "--json", ...args]);
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return jsonLines(result);
}

beforeAll(async () => {
  const next = random(7);
  mkdirSync(at("images"));
  for (let i = 0; i < COUNT; i++) {
    const left = Math.floor(90 + 25 * next());
    const top = Math.floor(30 + 20 * next());
    const size = 150 + Math.floor(40 * next());
    const scale = SIDE / size;
    await sharp("examples/astronaut.jpg")
      .extract({ left, top, width: size, height: size })
      .resize(SIDE, SIDE)
      .png()
      .toFile(at(`images/${i}.png`));
    // Labels with noise and, by source, an offset.
    const source = i % 3 === 0 ? "one" : "two";
    const shift = source === "one" ? 1.5 : -0.7;
    const points = POINTS.flatMap(([x, y]) => [(x - left) * scale + shift, (y - top) * scale]).map(
      (value) => value + 2 * (next() - 0.5),
    );
    const box = [(138 - left) * scale, (62 - top) * scale, 112 * scale, 115 * scale].map(
      (value) => value + 6 * (next() - 0.5),
    );
    faces.push([`images/${i}.png`, source, box, points]);
  }
});

const python = [process.env.PYTHON, "python3", "/usr/bin/python3"].find(
  (command) => command && spawnSync(command, ["-c", "import numpy"]).status === 0,
);

/** Compares every score with NumPy's, to 1e-6. */
async function compareWithNumpy(list: string, side: number) {
  const [line] = await evaluate(list, "--predictions", at("predictions.csv"));
  const script = ["test/fixtures/eval_numpy.py", list, at("predictions.csv"), `${side}`, `${side}`];
  const { stdout, stderr } = spawnSync(python!, script, { encoding: "utf8" });
  expect(stderr).toBe("");
  const { raw, debiased, sources } = JSON.parse(stdout);
  const flat = (value: unknown): number[] =>
    typeof value === "number"
      ? [value]
      : Object.keys(value as object)
          .sort()
          .flatMap((key) => flat((value as never)[key]));
  const ours = flat({ raw: line.raw, debiased: line.debiased, sources: line.sources });
  const theirs = flat({ raw, debiased, sources });
  expect(ours).toHaveLength(theirs.length);
  ours.forEach((value, i) => {
    expect(Math.abs(value - theirs[i]!)).toBeLessThan(1e-6);
  });
  return line;
}

describe("scores", () => {
  it.skipIf(!python)("agree with NumPy (needs python3 with numpy)", async () => {
    writeFileSync(at("list.csv"), table(faces));
    const line = await compareWithNumpy(at("list.csv"), SIDE);
    expect(Object.keys(line.sources)).toEqual(["one", "two"]);
    expect(line.debiased.mean).toBeLessThan(line.raw.mean * 0.8); // the offsets of the labels are gone
  });

  it.skipIf(!python || !reference)(
    "agree with NumPy on the validation faces (needs python3 with numpy, ../shared)",
    async () => {
      const line = await compareWithNumpy(join(reference!, "faces/val.csv"), 80);
      expect(line.raw.faces).toBe(900);
    },
  );

  it("are the same from VGGFace2's lists", async () => {
    const name = (file: string) => file.slice("images/".length, -".png".length);
    mkdirSync(at("vgg"), { recursive: true });
    for (const [file] of faces)
      await sharp(at(file))
        .jpeg()
        .toFile(at(`vgg/${name(file)}.jpg`));
    const points = faces.map(([file, , , points]) => [`"${name(file)}"`, ...points].join(","));
    const boxes = faces.map(([file, , box]) => [`"${name(file)}"`, ...box].join(","));
    const header = [1, 2, 3, 4, 5].map((i) => `P${i}X,P${i}Y`).join(",");
    writeFileSync(at("loose_landmark_test.csv"), `NAME_ID,${header}\n${points.join("\n")}\n`);
    writeFileSync(at("loose_bb_test.csv"), `NAME_ID,X,Y,W,H\n${boxes.join("\n")}\n`);
    const lists = ["--boxes", at("loose_bb_test.csv"), "--images", at("vgg")];
    const [line] = await evaluate(at("loose_landmark_test.csv"), ...lists);
    const same = faces.map(([file, , box, points]): Face => [`vgg/${name(file)}.jpg`, "", box, points]);
    const [expected] = await evaluate(same);
    expect(line.raw).toEqual(expected.raw);
    expect(line.debiased).toEqual(expected.debiased);
  });

  it("tell weights files of one name apart", async () => {
    for (const place of ["one", "two"]) {
      mkdirSync(at(place), { recursive: true });
      cpSync("dist/weights.safetensors", at(place, "default.safetensors"));
    }
    const files = ["default", at("one/default.safetensors"), at("two/default.safetensors")];
    const lines = await evaluate(faces, "--weights", files.join());
    expect(lines.map(({ weights }) => weights)).toEqual(files);
  });

  it("compare weights files in one run", async () => {
    const lines = await evaluate(faces, "--weights", "default,dist/weights.safetensors");
    expect(lines.map(({ weights }) => weights)).toEqual(["default", "weights"]);
    expect(lines[1].raw).toEqual(lines[0].raw);
    expect(lines[1].info.weights.sha256).toBe(lines[0].info.weights.sha256);
  });
});

describe("conditions", () => {
  it("scale boxes about their centres", async () => {
    const lines = await evaluate(faces, "--box-scale", "0.8,1,1.25");
    expect(lines.map(({ condition }) => condition.boxScale)).toEqual([0.8, 1, 1.25]);
    const scaled = faces.map(([file, source, [x, y, w, h], points]): Face => {
      const box = [x! + w! / 2 - 0.625 * w!, y! + h! / 2 - 0.625 * h!, 1.25 * w!, 1.25 * h!];
      return [file, source, box, points];
    });
    expect(lines[1].raw).toEqual((await evaluate(faces))[0].raw);
    expect(lines[2].raw.mean).toBeCloseTo((await evaluate(scaled))[0].raw.mean, 9);
  });

  it("make boxes from the points' extent", async () => {
    const lines = await evaluate(faces, "--box-from", "points:2.2,3");
    expect(lines.map(({ condition }) => condition.boxFrom)).toEqual(["points:2.2", "points:3"]);
    const around = faces.map(([file, source, , points]): Face => {
      const xs = points.filter((_, i) => i % 2 === 0);
      const ys = points.filter((_, i) => i % 2 === 1);
      const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
      const side = 3 * Math.max(right - left, bottom - top);
      const box = [(left + right - side) / 2, (top + bottom - side) / 2 - 0.05 * side, side, side];
      return [file, source, box, points];
    });
    expect(lines[1].raw.mean).toBeCloseTo((await evaluate(around))[0].raw.mean, 9);
  });

  it("move boxes by --shift, and measure faces read again beside those read once by --refine", async () => {
    const points = [171, 96, 215, 98, 192, 124, 175, 146, 211, 145];
    const photo: Face = [resolve("examples/astronaut.jpg"), "", [0, 0, 1, 1], points];
    const lines = await evaluate([photo], "--box-from", "points:2.2", "--shift", "0,0.3", "--refine");
    expect(lines.map(({ condition }) => [condition.shift, condition.refine])).toEqual([
      [0, 0],
      [0, 1],
      [0.3, 0],
      [0.3, 1],
    ]);
    const [, , once, refined] = lines.map(({ raw }) => raw.mean);
    expect(once).toBeGreaterThan(1.2 * lines[0].raw.mean);
    expect(refined).toBeLessThan(0.8 * once);
  });

  it("rotate the image counter-clockwise about the points", async () => {
    // The middle of these points' extent is the middle of a square image, so a rotation by 90° moves whole pixels.
    const side = 150;
    const part = { left: 118, top: 46, width: side, height: side };
    await sharp("examples/astronaut.jpg").extract(part).png().toFile(at("upright.png"));
    await sharp(at("upright.png")).rotate(270).png().toFile(at("left.png"));
    await sharp(at("upright.png")).rotate(90).png().toFile(at("right.png"));
    const points = [53, 50, 97, 52, 74, 78, 57, 100, 93, 99];
    const rotated = (map: (x: number, y: number) => number[]) =>
      [0, 2, 4, 6, 8].flatMap((i) => map(points[i]!, points[i + 1]!));
    const box = ["--box-from", "points:2.2"];
    const lines = await evaluate([["upright.png", "", [0, 0, 1, 1], points]], "--rotate", "-90,0,90");
    expect(lines.map(({ condition }) => condition)).toEqual(
      [-90, 0, 90].map((rotate) => ({ boxFrom: "points:2.2", boxScale: 1, shift: 0, rotate, refine: 0 })),
    );
    const right = rotated((x, y) => [side - y, x]);
    const upLeft = rotated((x, y) => [y, side - x]);
    const rows: Face[] = [
      ["right.png", "", [0, 0, 1, 1], right],
      ["upright.png", "", [0, 0, 1, 1], points],
      ["left.png", "", [0, 0, 1, 1], upLeft],
    ];
    for (const [i, row] of rows.entries()) {
      const [expected] = await evaluate([row], ...box);
      expect(lines[i].raw.mean, row[0]).toBeCloseTo(expected.raw.mean, 9);
    }
    // The two rotations give different errors: taken for one another they would be noticed.
    expect(lines[0].raw.mean).not.toBeCloseTo(lines[2].raw.mean, 5);
  });
});

describe("files", () => {
  it("plot has a curve for each weights file", async () => {
    await evaluate(faces, "--weights", "default,dist/weights.safetensors", "--plot", at("plots/ced.svg"));
    const svg = readFileSync(at("plots/ced.svg"), "utf8");
    expect(XMLValidator.validate(svg)).toBe(true);
    const texts = new XMLParser({ ignoreAttributes: false })
      .parse(svg)
      .svg.text.map((text: never) => text["#text"]);
    expect(
      texts.filter((text: unknown) => /^(default|weights): AUC@0.1 0\.\d{3}$/.test(String(text))),
    ).toHaveLength(2);
  });

  it("predictions are what detect gives", async () => {
    await evaluate(faces.slice(0, 2), "--predictions", at("predictions.csv"));
    const [, , row] = readFileSync(at("predictions.csv"), "utf8").trim().split("\n");
    const [file, , box] = faces[1]!;
    const result = await fivepoint(["detect", at(file), "--box", box.join(","), "--json"]);
    const fields = row!.split(",");
    expect(fields.slice(0, 3)).toEqual(["default", "boxes as given", file]);
    const detected = jsonLines(result)[0];
    expect(fields.slice(3, 17).map(Number)).toEqual([...Object.values(detected.box), ...detected.normalized]);
  });

  it("the sheet shows the worst faces, worst first", async () => {
    const wrong = faces.map(([file, source, box, points], i): Face => {
      return [file, source, box, i === 5 ? points.map((value) => value + 20) : points];
    });
    const [line] = await evaluate(wrong, "--worst", "7", "--out", at("sheet.png"));
    expect(line.worst).toHaveLength(7);
    expect(line.worst[0].file).toBe("images/5.png");
    const errors = line.worst.map(({ error }: { error: number }) => error);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    // Two rows of tiles and a line of legend, whose first marks are a true and a predicted point as the tiles have them.
    const { data, info } = await sharp(at("sheet.png"))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 1200, height: 480 + 28, channels: 3 });
    const places = (colour: number[], from: number, to: number) =>
      Array.from({ length: (to - from) * info.width }, (_, i) => i + from * info.width).filter((i) =>
        colour.every((value, channel) => data[3 * i + channel] === value),
      );
    for (const colour of [
      [0x00, 0x9e, 0x73],
      [0xd5, 0x5e, 0x00],
    ]) {
      expect(places(colour, 480, 508).length).toBeGreaterThan(3);
      expect(places(colour, 0, 240).length).toBeGreaterThan(3);
    }
    // The ranks, white at the left of their tiles: 1 has fewer strokes than 2.
    const white = places([255, 255, 255], 8, 22).map((i) => i % info.width);
    const inTile = (tile: number) => white.filter((x) => x >= 240 * tile + 6 && x < 240 * tile + 24).length;
    expect(inTile(0)).toBeGreaterThan(5);
    expect(inTile(1)).toBeGreaterThan(inTile(0));
    const text = await fivepoint(["eval", at("list.csv"), "--worst", "1", "--out", at("sheet.png")]);
    expect(text.stdout).toMatch(/worst of default\n +1 +\d\.\d{4} +images\/5\.png\n$/);
  });
});

describe("output for people", () => {
  it("is a table by weights and source", async () => {
    const [line] = await evaluate(faces);
    const { stdout } = await fivepoint(["eval", at("list.csv")]);
    const rows = stdout.trimEnd().split("\n");
    expect(rows).toHaveLength(5);
    expect(rows[0]).toBe("boxes as given");
    expect(rows[2]!.split(/ +/).slice(0, 4)).toEqual([
      "default",
      `${COUNT}`,
      line.raw.mean.toFixed(4),
      line.debiased.mean.toFixed(4),
    ]);
    expect(rows[3]).toContain(line.sources.one.raw.mean.toFixed(4));
    expect(rows[4]).toContain(line.sources.two.raw.mean.toFixed(4));
  });

  it("keeps columns apart, however wide their numbers are", async () => {
    // Points so far off that every face fails, by an error of six digits.
    const far = faces.map(([file, source, box, points]): Face => {
      return [file, source, box, points.map((value, i) => value + (i > 3 ? 5e6 : 0))];
    });
    writeFileSync(at("far.csv"), table(far));
    const { status, stdout } = await fivepoint(["eval", at("far.csv")]);
    expect(status).toBe(0);
    const [, header, ...rows] = stdout.trimEnd().split("\n");
    const names = [
      "faces",
      "raw",
      "debiased",
      "> 0.1",
      "AUC@0.1",
      "leftEye",
      "rightEye",
      "nose",
      "leftMouth",
      "rightMouth",
    ];
    expect(header!.trim().split(/ {2,}/)).toEqual(names);
    for (const row of rows) {
      const cells = row.trim().split(/ {2,}/);
      expect(cells).toHaveLength(1 + names.length);
      expect(cells[4]).toBe("100.0 %");
      expect(Number(cells[2])).toBeGreaterThan(10_000);
      for (const cell of cells.slice(5)) expect(cell).toMatch(/^\d+\.\d+$/);
    }
  });
});

describe("failures", () => {
  it("prints the scores even when a file can't be written: status 1", async () => {
    writeFileSync(at("list.csv"), table(faces));
    writeFileSync(at("in-the-way"), "");
    const result = await fivepoint(["eval", at("list.csv"), "--json", "--plot", at("in-the-way/ced.svg")]);
    expect(result.status).toBe(1);
    expect(jsonLines(result)[0].raw.faces).toBe(COUNT);
    expect(result.stderr).toMatch(/^error: .*in-the-way/);
  });

  it("reports a box in fractions, but only where boxes are read", async () => {
    const [file, source, , points] = faces[0]!;
    writeFileSync(at("list.csv"), table([[file, source, [0.1, 0.2, 0.5, 0.5], points]]));
    const given = await fivepoint(["eval", at("list.csv")]);
    expect(given).toMatchObject({ status: 2, stdout: "" });
    expect(given.stderr).toMatch(/line 2: .*in pixels.*fractions/);
    const made = await fivepoint(["eval", at("list.csv"), "--box-from", "points:2.7", "--json"]);
    expect(made).toMatchObject({ status: 0, stderr: "" });
  });

  it("leaves a broken image out and says so: status 1", async () => {
    cpSync("package.json", at("images/broken.png"));
    const [, source, box, points] = faces[0]!;
    writeFileSync(
      at("list.csv"),
      table([...faces, ["images/broken.png", source, box, points], ["gone.png", source, box, points]]),
    );
    const result = await fivepoint(["eval", at("list.csv"), "--json"]);
    expect(result.status).toBe(1);
    const lines = jsonLines(result);
    expect(lines.slice(0, 2)).toMatchObject([
      { image: "images/broken.png", error: expect.any(String) },
      { image: "gone.png", error: expect.any(String) },
    ]);
    expect(lines[2].raw.faces).toBe(COUNT);
  });

  const write = (text: string) => {
    writeFileSync(at("bad.csv"), text);
    return ["eval", at("bad.csv")];
  };
  const good = () => {
    writeFileSync(at("list.csv"), table(faces));
    return ["eval", at("list.csv")];
  };
  const points = "x0,y0,x1,y1,x2,y2,x3,y3,x4,y4";
  it.each<[string, () => string[], RegExp]>([
    [
      "a list without columns",
      () => write("file,a\nx,1\n"),
      /expected the columns file and x0.*found file, a/,
    ],
    ["an empty list", () => write(`file,${points}\n`), /no row/],
    [
      "a bad number",
      () => write(`file,${points}\na.png,1,2,3,4,5,6,7,8,9,z\n`),
      /line 2: expected ten numbers/,
    ],
    ["eyes in one place", () => write(`file,${points}\na.png,1,2,1,2,5,6,7,8,9,9\n`), /eyes apart/],
    ["no boxes", () => write(`file,${points}\na.png,1,2,3,4,5,6,7,8,9,9\n`), /has no boxes/],
    ["--worst without --out", () => [...good(), "--worst", "3"], /go together/],
    ["a sheet of unknown format", () => [...good(), "--worst", "3", "--out", "sheet.pdf"], /\.png/],
    ["--worst of half a face", () => [...good(), "--worst", "0.5", "--out", "sheet.png"], /whole number/],
    ["a gap among the weights", () => [...good(), "--weights", "default,"], /an item between/],
    [
      "one of the weights twice",
      () => [...good(), "--weights", "default,default"],
      /default is listed twice/,
    ],
    ["one rotation twice", () => [...good(), "--rotate=10,10.0"], /10 is listed twice/],
    ["a scale of 0", () => [...good(), "--box-scale", "1,0"], /above 0/],
    ["a rotation of words", () => [...good(), "--rotate", "left"], /Expected a number/],
    ["boxes from nowhere", () => [...good(), "--box-from", "eyes"], /points:/],
    ["an unknown precision", () => [...good(), "--precision", "f16"], /f32 or int8/],
  ])("refuses %s: status 2", async (_, args, message) => {
    const result = await fivepoint(args());
    expect(result).toMatchObject({ status: 2, stdout: "" });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n +at /);
  });
});
