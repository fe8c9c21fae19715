import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { alignFace, createLandmarkerSync, type Point } from "fivepoint";
import { createFinderSync, findFaces } from "fivepoint/finder";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { fivepoint, jsonLines, type Result, temporaryFolder } from "./support.ts";

const PHOTO = "examples/astronaut.jpg";
const BOX = { x: 140, y: 67, width: 106, height: 112 };
const FLAG = "140,67,106,112";
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

/** The library's answer on an image decoded by sharp alone. */
async function answer(path: string, box = BOX) {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const image = { data, width: info.width, height: info.height, format: "rgb" } as const;
  return createLandmarkerSync().detect(image, box);
}

const pairs = (points: Point[]) => points.map(({ x, y }) => [x, y]);
const images = (result: Result) => jsonLines(result).map(({ image }) => image);

beforeAll(async () => {
  await sharp(PHOTO).png().toFile(at("face.png"));
  await sharp(PHOTO).webp({ lossless: true }).toFile(at("face.webp"));
  await sharp(PHOTO).avif({ quality: 90 }).toFile(at("face.avif"));
  cpSync(PHOTO, at("face.jpg"));
  const stripes = Buffer.from(
    '<svg width="300" height="200"><pattern id="p" width="24" height="24" patternUnits="userSpaceOnUse">' +
      '<rect width="24" height="24" fill="#8ac"/><rect width="12" height="24" fill="#79b"/></pattern>' +
      '<rect width="300" height="200" fill="url(#p)"/></svg>',
  );
  await sharp(stripes).png().toFile(at("stripes.png"));
});

describe("images", () => {
  it.each(["jpg", "png", "webp", "avif"])("reads %s as the library does", async (ending) => {
    const path = at(`face.${ending}`);
    const { points, normalized, score } = await answer(path);
    const result = await fivepoint(["detect", path, "--box", FLAG, "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(jsonLines(result)).toEqual([
      { image: path, box: BOX, points: pairs(points), normalized: [...normalized], score },
    ]);
  });

  // What is stored so that the orientation (EXIF tag 0x0112) makes it upright again: rotated, then mirrored.
  const stored: Record<number, [angle: number, mirror: boolean]> = {
    2: [0, true],
    3: [180, false],
    4: [180, true],
    5: [90, true],
    6: [270, false],
    7: [270, true],
    8: [90, false],
  };
  it.each([2, 3, 4, 5, 6, 7, 8])("reads an image of EXIF orientation %i upright", async (orientation) => {
    const raw = { resolveWithObject: true } as const;
    const part = { left: 20, top: 10, width: 300, height: 240 };
    const { data, info } = await sharp(PHOTO).extract(part).raw().toBuffer(raw);
    const [angle, mirror] = stored[orientation]!;
    let rotated = await sharp(data, { raw: info }).rotate(angle).raw().toBuffer(raw);
    if (mirror) rotated = await sharp(rotated.data, { raw: rotated.info }).flop().raw().toBuffer(raw);
    await sharp(data, { raw: info }).png().toFile(at("upright.png"));
    await sharp(rotated.data, { raw: rotated.info })
      .withMetadata({ orientation })
      .png()
      .toFile(at("rotated.png"));
    const args = ["--box", "120,57,106,112", "--json"];
    const [upright] = jsonLines(await fivepoint(["detect", at("upright.png"), ...args]));
    const [again] = jsonLines(await fivepoint(["detect", at("rotated.png"), ...args]));
    expect(again.points).toEqual(upright.points);
  });

  it("reads grey, transparent and 16-bit images", async () => {
    await sharp(PHOTO).greyscale().png().toFile(at("grey.png"));
    await sharp(PHOTO).ensureAlpha(0.5).png().toFile(at("clear.png"));
    await sharp(PHOTO).toColourspace("rgb16").png().toFile(at("deep.png"));
    expect((await sharp(at("deep.png")).metadata()).depth).toBe("ushort");
    const files = ["face.png", "grey.png", "clear.png", "deep.png"].map((name) => at(name));
    const [face, grey, ...same] = jsonLines(await fivepoint(["detect", ...files, "--box", FLAG, "--json"]));
    for (const { points } of same) expect(points).toEqual(face.points);
    grey.points.forEach(([x, y]: [number, number], i: number) => {
      expect(Math.hypot(x - face.points[i][0], y - face.points[i][1])).toBeLessThan(6);
    });
  });

  it("takes the whole image for one face by --whole", async () => {
    const result = await fivepoint(["detect", PHOTO, "--whole", "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const whole = { x: 0, y: 0, width: 384, height: 384 };
    const { points } = await answer(PHOTO, whole);
    expect(jsonLines(result)).toMatchObject([{ box: whole, points: pairs(points) }]);
  });

  it("searches folders and globs, in order, and says when there is nothing", async () => {
    mkdirSync(at("album/deep [1]"), { recursive: true });
    mkdirSync(at("empty"), { recursive: true });
    for (const name of ["b.JPG", "a.jpg", "deep [1]/c.jpg"]) cpSync(PHOTO, at("album", name));
    writeFileSync(at("album/notes.txt"), "no image");
    const found = await fivepoint(["detect", at("album"), "--box", FLAG, "--json"]);
    expect(found.status).toBe(0);
    expect(images(found)).toEqual(["a.jpg", "b.JPG", "deep [1]/c.jpg"].map((name) => at("album", name)));
    const globbed = await fivepoint(["detect", "album/*.jpg", "--box", FLAG, "--json"], { cwd: folder });
    expect(images(globbed)).toEqual(["album/a.jpg", "album/b.JPG"]);
    const nothing = await fivepoint([
      "detect",
      at("empty"),
      at("album/*.gif"),
      PHOTO,
      "--box",
      FLAG,
      "--json",
    ]);
    expect(nothing.status).toBe(1);
    expect(jsonLines(nothing)).toMatchObject([
      { image: at("empty"), error: "no image in this folder" },
      { image: at("album/*.gif"), error: "no file matches" },
      { image: PHOTO, score: expect.any(Number) },
    ]);
  });
});

describe("standard input", () => {
  it("is the image -, beside others", async () => {
    const stdin = readFileSync(at("face.png"));
    const result = await fivepoint(["detect", PHOTO, "-", "--box", FLAG, "--json"], { stdin });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const [file, piped] = jsonLines(result);
    expect(piped).toEqual({ ...file, image: "-" });
  });

  it("is drawn into a file, or as stdin.png into a folder", async () => {
    const stdin = readFileSync(PHOTO);
    const drawn = await fivepoint(["detect", "-", "--box", FLAG, "--out", at("piped.png")], { stdin });
    expect(drawn).toMatchObject({ status: 0, stderr: "" });
    expect(await sharp(at("piped.png")).metadata()).toMatchObject({ width: 384, height: 384 });
    const places = ["--out", at("piped/"), "--align", at("piped-chips/")];
    const args = ["detect", "-", PHOTO, at("face.jpg"), "--box", FLAG, ...places];
    expect(await fivepoint(args, { stdin })).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(at("piped"))).toContain("stdin.png");
    expect(readdirSync(at("piped-chips"))).toContain("stdin.png");
  });

  it("fails by itself when it is closed, cut off or no image", async () => {
    const args = ["detect", "-", PHOTO, "--box", FLAG, "--json"];
    const half = readFileSync(PHOTO).subarray(0, 2000);
    for (const stdin of [undefined, new Uint8Array(0), Buffer.from("no image"), half]) {
      const result = await fivepoint(args, stdin && { stdin });
      expect(result).toMatchObject({ status: 1, stderr: "" });
      expect(jsonLines(result)).toMatchObject([
        { image: "-", error: expect.stringMatching(/./) },
        { image: PHOTO, box: BOX },
      ]);
    }
  });

  it("is read where several processes share the images", async () => {
    const others = Array.from({ length: 2 * 48 }, () => PHOTO); // enough for two processes
    const args = ["detect", ...others, "-", "--box", FLAG, "--json"];
    const result = await fivepoint(args, { stdin: readFileSync(PHOTO) });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const lines = jsonLines(result);
    expect(lines).toHaveLength(97);
    expect(lines.at(-1)).toEqual({ ...lines[0], image: "-" });
  });
});

describe("boxes", () => {
  it("reads several faces of one image in the order of the flags", async () => {
    const result = await fivepoint(["detect", PHOTO, "--box", FLAG, "--box", "130.7,60,120,120", "--json"]);
    const other = { x: 130.7, y: 60, width: 120, height: 120 };
    const faces = [await answer(PHOTO), await answer(PHOTO, other)];
    expect(jsonLines(result).map(({ points }) => points)).toEqual(faces.map(({ points }) => pairs(points)));
  });

  it("enlarges them by --expand", async () => {
    const result = await fivepoint(["detect", PHOTO, "--box", FLAG, "--expand", "1.5", "--json"]);
    expect(jsonLines(result)[0].box).toEqual({ x: 113, y: 39, width: 159, height: 168 });
  });

  it.each([
    [["--refine"], true],
    [["--refine", "3"], 3],
  ] as const)("reads faces again with %j", async (flags, refine) => {
    const { data, info } = await sharp(PHOTO).raw().toBuffer({ resolveWithObject: true });
    const image = { data, width: info.width, height: info.height, format: "rgb" } as const;
    const face = createLandmarkerSync().detect(image, BOX, { refine });
    const [result] = jsonLines(await fivepoint(["detect", PHOTO, "--box", FLAG, "--json", ...flags]));
    expect(result.score).toBe(face.score);
    expect(result.points).toEqual(face.points.map(({ x, y }) => [x, y]));
  });

  it("leaves out faces below --min-score from results, drawing and chips, and says how many", async () => {
    const other = { x: 0, y: 0, width: 384, height: 384 };
    const scores = [(await answer(PHOTO)).score, (await answer(PHOTO, other)).score];
    const [low, high] = [Math.min(...scores), Math.max(...scores)];
    const args = [
      "detect",
      PHOTO,
      "--box",
      FLAG,
      "--box",
      "0,0,384,384",
      "--json",
      "--align",
      at("best.png"),
    ];
    const all = await fivepoint([...args, "--min-score", String(low)]);
    expect(all).toMatchObject({ status: 0, stderr: "" });
    expect(jsonLines(all).map(({ score }) => score)).toEqual(scores);
    expect(readdirSync(folder)).not.toContain("best.png");
    const best = await fivepoint([...args, "--min-score", String((low + high) / 2)]);
    expect(best.status).toBe(0);
    expect(best.stderr).toMatch(/^Faces left out for a score below .*: 1\n$/);
    expect(jsonLines(best).map(({ score }) => score)).toEqual([high]);
    expect(readdirSync(folder)).toContain("best.png");
  });

  it("numbers several faces in the text as in the drawing", async () => {
    const two = ["--box", FLAG, "--box", "0,0,384,384"];
    const result = await fivepoint(["detect", PHOTO, ...two, "--format", "text"]);
    expect(result.stdout).toMatch(/ {2}face 1: 106×112 at 140, 67, .* {2}face 2: 384×384 at 0, 0, /s);
  });

  it.each([
    "file,x,y,width,height",
    "image,box_x,box_y,box_w,box_h",
    "\ufeffFile, X , Y , W , H ",
    '"NAME_ID","X","Y","W","H"',
  ])("takes a CSV with the columns %s", async (header) => {
    writeFileSync(at("boxes.csv"), `${header}\r\nface.jpg,${FLAG}\r\n"face.jpg",0,0,384,384\r\n`);
    const result = await fivepoint(["detect", at("face.jpg"), "--boxes", at("boxes.csv"), "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const whole = { x: 0, y: 0, width: 384, height: 384 };
    expect(jsonLines(result).map(({ box }) => box)).toEqual([BOX, whole]);
  });

  it("finds an image by the end of its path; reports images without rows, rows without images", async () => {
    mkdirSync(at("lists"), { recursive: true });
    writeFileSync(at("lists/boxes.csv"), `file,x,y,width,height\ndeep/a.jpg,${FLAG}\nother.jpg,${FLAG}\n`);
    mkdirSync(at("photos/deep"), { recursive: true });
    cpSync(PHOTO, at("photos/deep/a.jpg"));
    cpSync(PHOTO, at("photos/b.jpg"));
    const result = await fivepoint(["detect", at("photos"), "--boxes", at("lists/boxes.csv"), "--json"]);
    expect(result.status).toBe(1);
    expect(jsonLines(result)).toMatchObject([
      { image: at("photos/b.jpg"), error: expect.stringContaining("names this image") },
      { image: at("photos/deep/a.jpg"), box: BOX },
    ]);
    expect(result.stderr).toContain("1 of its files");
  });

  it("finds faces by --detector face-api", async () => {
    const result = await fivepoint(["detect", PHOTO, at("stripes.png"), "--detector", "face-api", "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const [face, none] = jsonLines(result);
    const { points } = await answer(PHOTO);
    points.forEach(({ x, y }, i) => {
      expect(Math.hypot(face.points[i][0] - x, face.points[i][1] - y)).toBeLessThan(4);
    });
    expect(none).toEqual({ image: at("stripes.png"), faces: 0 });
  });

  it("reads the other faces when one box lies outside the image", async () => {
    const result = await fivepoint(["detect", PHOTO, "--box", "900,900,50,50", "--box", FLAG, "--json"]);
    expect(result.status).toBe(1);
    expect(jsonLines(result)).toMatchObject([{ box: BOX }, { error: expect.stringContaining("x 900") }]);
  });
});

describe("without boxes", () => {
  /** The library's faces of an image decoded by sharp alone. */
  async function found(path: string, minScore?: number) {
    const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const image = { data, width: info.width, height: info.height, format: "rgb" } as const;
    return findFaces(image, { finder: createFinderSync(), landmarker: createLandmarkerSync(), minScore });
  }
  const farthest = (a: readonly Point[], b: readonly Point[]) =>
    Math.max(...a.map(({ x, y }, i) => Math.hypot(x - b[i]!.x, y - b[i]!.y)));
  const group = at("tiles.png");

  beforeAll(async () => {
    const tile = await sharp(PHOTO).png().toBuffer();
    const canvas = { create: { width: 768, height: 768, channels: 3 as const, background: "#000" } };
    await sharp(canvas)
      .composite([{ input: tile, tile: true, gravity: "northwest" }])
      .png()
      .toFile(group);
  });

  it("finds the face", async () => {
    const result = await fivepoint(["detect", PHOTO, "--json"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const faces = await found(PHOTO);
    expect(jsonLines(result)).toEqual(
      faces.map(({ points, normalized, box, score }) => {
        return { image: PHOTO, box, points: pairs(points), normalized: [...normalized], score };
      }),
    );
    // Independent of the finder: one of them is the face that a labelled box frames.
    const { points } = await answer(PHOTO);
    expect(faces.filter((face) => farthest(face.points, points) < 4)).toHaveLength(1);
  });

  it("finds every face of a group, best first, and numbers them so", async () => {
    const faces = await found(group);
    const lines = jsonLines(await fivepoint(["detect", group, "--json"]));
    expect(lines.map(({ points }) => points)).toEqual(faces.map(({ points }) => pairs(points)));
    const scores = lines.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const { points } = await answer(PHOTO);
    for (const [left, top] of [0, 384].flatMap((y) => [0, 384].map((x) => [x, y] as const))) {
      const there = points.map(({ x, y }) => ({ x: x + left, y: y + top }));
      expect(faces.filter((face) => farthest(face.points, there) < 4)).toHaveLength(1);
    }
    const text = await fivepoint(["detect", group, "--format", "text", "--align", at("group/chip.png")]);
    const boxes = [...text.stdout.matchAll(/face (\d): .* at (\S+), (\S+), score/g)];
    expect(boxes.map(([, n, x, y]) => [n, x, y].map(Number))).toEqual(
      faces.map(({ box }, i) => [i + 1, Number(box.x.toFixed(1)), Number(box.y.toFixed(1))]),
    );
    expect(readdirSync(at("group")).sort()).toEqual(faces.map((_, i) => `chip-${i + 1}.png`).sort());
  });

  it("finds smaller faces with --max-side", async () => {
    const path = at("small.png");
    const face = await sharp(PHOTO).resize(40).toBuffer();
    const canvas = { create: { width: 1280, height: 960, channels: 3 as const, background: "#889" } };
    await sharp(canvas)
      .composite([{ input: face, left: 600, top: 300 }])
      .toFile(path);
    expect((await fivepoint(["detect", path])).stderr).toBe(`${path}: no face found\n`);
    const found = await fivepoint(["detect", path, "--json", "--max-side", "1280"]);
    expect(jsonLines(found)).toHaveLength(1);
  });

  it("keeps the faces of at least --min-score, and says how many that leaves out", async () => {
    const faces = await found(group, 0);
    const [{ score: best } = { score: 1 }] = faces;
    const args = ["detect", group, "--json", "--min-score"];
    expect(jsonLines(await fivepoint([...args, "0"]))).toHaveLength(faces.length);
    const few = await fivepoint([...args, String(best)]);
    const scores = faces.map(({ score }) => score);
    expect(jsonLines(few).map(({ score }) => score)).toEqual(scores.filter((score) => score >= best));
    const above = (1 + best) / 2;
    const none = await fivepoint([...args, String(above)]);
    expect(jsonLines(none)).toEqual([{ image: group, faces: 0 }]);
    const kept = (await found(group)).length; // by default
    expect(none.stderr).toBe(`Faces left out for a score below ${above}: ${kept}\n`);
  });

  it("reads found faces as they are read best, whatever --expand and --refine say", async () => {
    const plain = await fivepoint(["detect", PHOTO, "--json"]);
    expect(await fivepoint(["detect", PHOTO, "--json", "--expand", "1.5", "--refine", "3"])).toEqual(plain);
  });

  it("says that there is no face: status 0", async () => {
    const path = at("stripes.png");
    const note = `${path}: no face found\n`;
    for (const format of ["line", "text"])
      expect(await fivepoint(["detect", path, "--format", format])).toEqual({
        status: 0,
        stdout: "",
        stderr: note,
      });
    const csv = await fivepoint(["detect", path, "--csv"]);
    expect(csv).toMatchObject({ status: 0, stderr: note });
    expect(csv.stdout.split("\n")).toHaveLength(2); // the header
    const json = await fivepoint(["detect", path, PHOTO, "--json", "--out", at("searched/")]);
    expect(json).toMatchObject({ status: 0, stderr: "" });
    const [none, face] = jsonLines(json);
    expect(none).toEqual({ image: path, faces: 0 });
    expect(Object.keys(face)).toEqual(["image", "box", "points", "normalized", "score"]);
    expect(readdirSync(at("searched"), { recursive: true }).join()).toContain("stripes.png");
  });

  it("counts an image without a face as failed by --require-face: status 1", async () => {
    const path = at("stripes.png");
    const json = await fivepoint(["detect", path, PHOTO, "--require-face", "--json"]);
    expect(json).toMatchObject({ status: 1, stderr: "" });
    const [none, face] = jsonLines(json);
    expect(none).toEqual({ image: path, error: "no face found" });
    expect(face).toMatchObject({ image: PHOTO, score: expect.any(Number) });
    const text = await fivepoint(["detect", path, "--require-face"]);
    expect(text).toEqual({ status: 1, stdout: "", stderr: `${path}: no face found\n` });
    expect(await fivepoint(["detect", PHOTO, "--require-face"])).toMatchObject({ status: 0, stderr: "" });
    // So does one whose faces all have too low a score.
    const low = ["detect", PHOTO, "--box", "0,0,40,40", "--min-score", "0.9", "--json"];
    const left = await fivepoint(low);
    expect(left).toMatchObject({ status: 0, stderr: "Faces left out for a score below 0.9: 1\n" });
    expect(jsonLines(left)).toEqual([{ image: PHOTO, faces: 0 }]);
    const failed = await fivepoint([...low, "--require-face"]);
    expect(failed).toMatchObject({ status: 1, stderr: left.stderr });
    expect(jsonLines(failed)).toEqual([{ image: PHOTO, error: "no face found" }]);
  });
});

describe("output", () => {
  it("prints a line per face unless told otherwise: path, number, score, box, points", async () => {
    const path = at("two\nlines.png");
    cpSync(at("face.png"), path);
    const result = await fivepoint(["detect", path, "--box", FLAG, "--box", "130.75,60.25,120,120.5"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const faces = [
      await answer(path),
      await answer(path, { x: 130.75, y: 60.25, width: 120, height: 120.5 }),
    ];
    const lines = faces.map(({ points, box: { x, y, width, height }, score }, i) => {
      const names = ["leftEye", "rightEye", "nose", "leftMouth", "rightMouth"];
      const places = points.map(({ x, y }, k) => `${names[k]}=${x.toFixed(1)},${y.toFixed(1)}`);
      // The same line, read by a person, a spreadsheet or `cut -f 4`: no newline of a name breaks it.
      return [
        path.replace("\n", "\\n"),
        i + 1,
        `score=${score.toFixed(2)}`,
        `box=${[x, y, width, height]}`,
        ...places,
      ];
    });
    expect(result.stdout).toBe(lines.map((fields) => `${fields.join("\t")}\n`).join(""));
    expect(await fivepoint(["detect", PHOTO, "--format", "line"])).toEqual(
      await fivepoint(["detect", PHOTO]),
    );
  });

  it.each(["json", "csv"])("--%s is short for --format", async (format) => {
    const args = ["detect", PHOTO, at("stripes.png"), "--box", FLAG];
    const short = await fivepoint([...args, `--${format}`]);
    expect(short).toMatchObject({ status: 0, stderr: "" });
    expect(await fivepoint([...args, "--format", format])).toEqual(short);
  });

  it("prints results and errors only with --quiet", async () => {
    const list = at("quiet.csv");
    writeFileSync(list, `file,x,y,width,height\nface.jpg,${FLAG}\nface.jpg,0,0,40,40\ngone.jpg,${FLAG}\n`);
    const args = ["detect", at("face.jpg"), "--boxes", list, "--min-score", "0.9"];
    const loud = await fivepoint(args);
    expect(loud.stderr).toMatch(/1 of its files.*\nFaces left out.*: 1\n$/s);
    expect(await fivepoint([...args, "--quiet"])).toEqual({ ...loud, stderr: "" });
    const failed = await fivepoint(["detect", at("stripes.png"), at("gone.jpg"), "-q"]);
    const stderr = `${at("gone.jpg")}: no such file or directory\n`;
    expect(failed).toEqual({ status: 1, stdout: "", stderr });
  });

  it("prints names and places for people", async () => {
    const boxes = ["--boxes", "examples/astronaut.csv"];
    const result = await fivepoint(["detect", PHOTO, ...boxes, "--format", "text"]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const { points } = await answer(PHOTO);
    for (const [i, name] of ["leftEye", "rightEye", "nose", "leftMouth", "rightMouth"].entries()) {
      const { x, y } = points[i]!;
      expect(result.stdout).toMatch(new RegExp(`${i + 1} ${name} +${x.toFixed(1)} +${y.toFixed(1)}\n`));
    }
  });

  it("prints CSV that --boxes reads again", async () => {
    mkdirSync(at("csv"), { recursive: true });
    const photo = at("csv/one, two.jpg");
    cpSync(PHOTO, photo);
    const result = await fivepoint(["detect", photo, at("csv/none.jpg"), "--box", FLAG, "--csv"]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("none.jpg: no such file");
    writeFileSync(at("csv/faces.csv"), result.stdout);
    const again = await fivepoint(["detect", photo, "--boxes", at("csv/faces.csv"), "--csv"]);
    expect(again).toMatchObject({ status: 0, stdout: result.stdout });
    const { points, score } = await answer(PHOTO);
    const numbers = result.stdout.split("\n")[1]!.split(",").slice(2).map(Number);
    expect(numbers).toEqual([140, 67, 106, 112, ...pairs(points).flat(), score]);
  });

  it.each([
    [384, []],
    [3000, []],
    [80, ["--scale", "8"]],
    [3000, ["--scale", "0.3"]],
  ] as const)("draws dots and box on an image of %i pixels, with %j", async (side, flags) => {
    await sharp(PHOTO).greyscale().resize(side).png().toFile(at("plain.png"));
    const [x, y, width, height] = [140, 67, 106, 112].map((v) => Math.round((v * side) / 384)) as [
      number,
      number,
      number,
      number,
    ];
    const box = `${x},${y},${width},${height}`;
    const args = ["detect", at("plain.png"), "--box", box, "--out", at("drawn.png"), "--json"];
    const result = await fivepoint([...args, ...flags]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const drawn = await sharp(at("drawn.png")).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    // Unless told otherwise a pixel of the drawing is a pixel of the results.
    const zoom = Number(flags[1] ?? 1);
    expect([drawn.info.width, drawn.info.height]).toEqual([side * zoom, side * zoom]);
    const pixel = (x: number, y: number) => {
      const from = 3 * (Math.floor(y * zoom) * drawn.info.width + Math.floor(x * zoom));
      return [...drawn.data.subarray(from, from + 3)];
    };
    const colours = ["#56b4e9", "#0072b2", "#f0e442", "#e69f00", "#d55e00"];
    jsonLines(result)[0].points.forEach(([x, y]: [number, number], i: number) => {
      const wanted = [1, 3, 5].map((from) => Number.parseInt(colours[i]!.slice(from, from + 2), 16));
      pixel(x, y).forEach((value, channel) => {
        expect(Math.abs(value - wanted[channel]!), `point ${i + 1}`).toBeLessThan(12);
      });
    });
    expect(Math.min(...pixel(x + width / 2, y))).toBeGreaterThan(200);
  });

  it("saves aligned faces as the library makes them", async () => {
    const raw = await sharp(PHOTO).raw().toBuffer({ resolveWithObject: true });
    const image = { data: raw.data, width: 384, height: 384, format: "rgb" } as const;
    const chip = alignFace(image, (await answer(PHOTO)).points);
    const one = await fivepoint(["detect", PHOTO, "--box", FLAG, "--align", at("chip.png")]);
    expect(one).toMatchObject({ status: 0, stderr: "" });
    const saved = await sharp(at("chip.png")).raw().toBuffer({ resolveWithObject: true });
    expect(saved.info).toMatchObject({ width: 112, height: 112, channels: 3 });
    expect(saved.data.equals(new Uint8Array(chip.data))).toBe(true);
    const two = ["--box", FLAG, "--box", "130,60,120,120", "--align", at("chips/two.png")];
    expect((await fivepoint(["detect", PHOTO, ...two])).status).toBe(0);
    expect(readdirSync(at("chips")).sort()).toEqual(["two-1.png", "two-2.png"]);
  });

  it("writes drawings of several images into a folder, and leaves nothing half written", async () => {
    mkdirSync(at("set/sub"), { recursive: true });
    cpSync(PHOTO, at("set/a.jpg"));
    cpSync(at("face.webp"), at("set/sub/b.webp"));
    await sharp(PHOTO).tiff().toFile(at("set/c.tiff"));
    writeFileSync(at("set/broken.jpg"), "not an image");
    const result = await fivepoint(["detect", at("set"), "--box", FLAG, "--out", at("drawings")]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("broken.jpg");
    const drawings = readdirSync(at("drawings"), { recursive: true }).sort();
    expect(drawings).toEqual(["a.jpg", "c.tiff.png", "sub", "sub/b.webp"]);
    expect((await sharp(at("drawings/sub/b.webp")).metadata()).format).toBe("webp");
    const one = await fivepoint(["detect", PHOTO, "--box", FLAG, "--out", at("drawings")]);
    expect(one.status).toBe(0);
    expect(readdirSync(at("drawings"))).toContain("astronaut.jpg");
  });

  it("reports a drawing that can't be written and goes on", async () => {
    writeFileSync(at("file"), "in the way");
    const result = await fivepoint([
      ...["detect", PHOTO, "--box", FLAG, "--json"],
      ...["--out", at("file/drawn.png")],
    ]);
    expect(result.status).toBe(1);
    expect(jsonLines(result)[0].error).toMatch(/not a directory/);
  });

  it("never writes two things into one file", async () => {
    const both = ["--out", at("both.png"), "--align", at("both.png")];
    const shared = await fivepoint(["detect", PHOTO, "--box", FLAG, ...both]);
    expect(shared).toMatchObject({ status: 2, stdout: "" });
    expect(shared.stderr).toMatch(/--out and --align: expected different places.*both\.png/);
    mkdirSync(at("twice"), { recursive: true });
    await sharp(PHOTO).tiff().toFile(at("twice/a.tiff"));
    await sharp(PHOTO).png().toFile(at("twice/a.tiff.png"));
    const twice = await fivepoint(["detect", at("twice"), "--out", at("into")]);
    expect(twice).toMatchObject({ status: 2, stdout: "" });
    expect(twice.stderr).toMatch(/two results would be written to .*a\.tiff\.png/);
    // The same image named twice is one.
    expect((await fivepoint(["detect", PHOTO, PHOTO, "--out", at("into")])).status).toBe(0);
  });

  it("never overwrites an image that it reads", async () => {
    const before = readFileSync(at("face.png"));
    const result = await fivepoint(["detect", at("face.png"), "--out", at("face.png")]);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain("overwrite");
    expect(readFileSync(at("face.png"))).toEqual(before);
  });
});

describe("failures", () => {
  it("reports a missing file and does the others: status 1", async () => {
    const result = await fivepoint(["detect", at("gone.jpg"), PHOTO, "--box", FLAG, "--json"]);
    expect(result.status).toBe(1);
    expect(jsonLines(result)).toMatchObject([
      { image: at("gone.jpg"), error: "no such file or directory" },
      { image: PHOTO, box: BOX },
    ]);
  });

  it.each(["bad.safetensors", "gone.safetensors"])("names weights that can't be used: %s", async (name) => {
    writeFileSync(at("bad.safetensors"), "nonsense");
    const result = await fivepoint(["detect", PHOTO, "--weights", at(name)]);
    expect(result).toMatchObject({ status: 1, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^error: .*${name}: .+\n$`));
  });

  const boxes = (text: string) => {
    const path = at(`boxes-${text.length}.csv`);
    writeFileSync(path, text);
    return ["detect", PHOTO, "--boxes", path];
  };
  const header = "file,x,y,width,height";
  it.each<[string, () => string[], RegExp]>([
    ["no command", () => [], /Usage/],
    ["an unknown command", () => ["detekt"], /unknown command 'detekt'\s+\(Did you mean detect/],
    [
      "an image in place of a command",
      () => [PHOTO],
      new RegExp(`To find the faces in it: fivepoint detect ${PHOTO}$`, "m"),
    ],
    [
      "a side that the finder can't have",
      () => ["detect", PHOTO, "--max-side", "9"],
      /Expected 32 to 2048, but found "9"/,
    ],
    [
      "a side for boxes that are given",
      () => ["detect", PHOTO, "--max-side", "640", "--box", FLAG],
      /cannot be used with/,
    ],
    ["no image", () => ["detect"], /missing required argument 'image'/],
    ["an unknown option", () => ["detect", PHOTO, "--bocks", FLAG], /unknown option '--bocks'/],
    ["an option without its value", () => ["detect", PHOTO, "--out"], /argument missing/],
    ["a short box", () => ["detect", PHOTO, "--box", "1,2,3"], /x,y,w,h/],
    ["a box of words", () => ["detect", PHOTO, "--box", "a,b,c,d"], /x,y,w,h/],
    ["a box with a gap", () => ["detect", PHOTO, "--box", "1,,3,4"], /x,y,w,h/],
    ["a box of NaN", () => ["detect", PHOTO, "--box", "NaN,0,10,10"], /x,y,w,h/],
    ["an empty box", () => ["detect", PHOTO, "--box", "0,0,0,10"], /above 0/],
    ["a box in fractions", () => ["detect", PHOTO, "--box", "0.36,0.17,0.28,0.29"], /pixels.*fractions/],
    ["a listed box in fractions", () => boxes(`${header}\na.jpg,.1,.2,.3,.4\n`), /line 2.*fractions/],
    ["a score above 1", () => ["detect", PHOTO, "--min-score", "50"], /from 0 to 1/],
    ["a whole image with a box", () => ["detect", PHOTO, "--whole", "--box", FLAG], /cannot be used with/],
    ["a negative box", () => ["detect", PHOTO, "--box", "0,0,10,-1"], /above 0/],
    ["boxes of two kinds", () => [...boxes(`${header}\na,1,2,3,4\n`), "--box", FLAG], /cannot be used with/],
    ["a factor of 0", () => ["detect", PHOTO, "--expand", "0"], /above 0/],
    ["a factor of words", () => ["detect", PHOTO, "--expand", "big"], /above 0/],
    ["an unknown precision", () => ["detect", PHOTO, "--precision", "f8"], /f32, int8/],
    ["an unknown detector", () => ["detect", PHOTO, "--detector", "eyes"], /face-api/],
    ["two kinds of output", () => ["detect", PHOTO, "--json", "--csv"], /cannot be used with/],
    ["a format twice", () => ["detect", PHOTO, "--format", "text", "--json"], /cannot be used with/],
    ["an unknown format", () => ["detect", PHOTO, "--format", "xml"], /line, text, json, csv/],
    ["a scale without a drawing", () => ["detect", PHOTO, "--scale", "2"], /--out/],
    ["a scale of 0", () => ["detect", PHOTO, "--out", at("o.png"), "--scale", "0"], /above 0/],
    ["a scale beyond 16", () => ["detect", PHOTO, "--out", at("o.png"), "--scale", "17"], /at most 16/],
    ["standard input twice", () => ["detect", "-", "-"], /only once/],
    ["a drawing of unknown format", () => ["detect", PHOTO, "--out", at("drawn.txt")], /\.png/],
    ["one file for two drawings", () => ["detect", PHOTO, at("face.png"), "--out", at("o.png")], /folder/],
    ["a CSV without columns", () => boxes("a,b\n1,2\n"), /expected the columns file.*found a, b/],
    ["a CSV without rows", () => boxes(`${header}\n`), /at least one row/],
    ["a CSV with a bad number", () => boxes(`${header}\na.jpg,1,2,3,q\n`), /line 2.*height=q/],
    ["a CSV with a short row", () => boxes(`${header}\na.jpg,1,2,3,4\na.jpg,1\n`), /line 3/],
  ])("refuses %s: status 2", async (_, args, message) => {
    const result = await fivepoint(args());
    expect(result).toMatchObject({ status: 2, stdout: "" });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n +at /); // a message, not a stack trace
  });

  it("shows help and version: status 0", async () => {
    const help = await fivepoint(["detect", "--help"]);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(help.stdout).toContain("--boxes <csv>");
    expect(help.stdout).toMatch(/--box <x,y,w,h> .*pixels of the\s+upright image/); // in which pixels boxes count
    expect(help.stdout).toMatch(/EXIF/);
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await fivepoint(["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("finds sharp where it is called, as npx and a global install need; else says how to install it", async () => {
    // A package without the modules around it; it still finds itself by its own name.
    cpSync("dist", at("package/dist"), { recursive: true });
    cpSync("package.json", at("package/package.json"));
    const main = at("package/dist/cli/main.js");
    const photo = resolve(PHOTO);
    const found = await fivepoint(["detect", photo, "--box", FLAG, "--json"], { main });
    expect(found).toMatchObject({ status: 0, stderr: "" });
    const { points } = await answer(PHOTO);
    expect(jsonLines(found)[0].points).toEqual(pairs(points));
    const missing = await fivepoint(["detect", photo], { main, cwd: folder });
    const stderr = "error: Reading images needs the package sharp: npm install sharp\n";
    expect(missing).toEqual({ status: 1, stdout: "", stderr });
  });
});
