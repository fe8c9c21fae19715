/** schema/result.schema.json describes every kind of line that the command line prints as JSON, and nothing else. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { createLandmarkerSync } from "fivepoint";
import schema from "fivepoint/result.schema.json" with { type: "json" };
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { fivepoint, jsonLines, temporaryFolder } from "./support.ts";

const PHOTO = "examples/astronaut.jpg";
const FLAG = "140,67,106,112";
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

const ajv = new Ajv2020({ strict: true, allErrors: true });
const validate = ajv.compile(schema);
const valid = (line: unknown) => (validate(line) ? [] : validate.errors);

beforeAll(async () => {
  const plain = { create: { width: 320, height: 240, channels: 3 as const, background: "#8ac" } };
  await sharp(plain).png().toFile(at("plain.png"));
  writeFileSync(at("broken.jpg"), "no image");
  cpSync(PHOTO, at("photo.jpg"));
});

describe("every line of detect --format json", () => {
  it.each<[string, string[], status: number, kinds: string[]]>([
    ["a face in a box", [PHOTO, "--box", FLAG], 0, ["face"]],
    ["a face that was read again", [PHOTO, "--box", FLAG, "--refine", "3"], 0, ["face"]],
    ["a whole image", [PHOTO, "--whole"], 0, ["face"]],
    ["a face that was found", [PHOTO], 0, ["face"]],
    ["a face of another detector", [PHOTO, "--detector", "face-api"], 0, ["face"]],
    ["whole numbers", [PHOTO, "--box", FLAG, "--precision", "int8"], 0, ["face"]],
    ["no face", ["plain.png"], 0, ["empty"]],
    ["no face where one is required", ["plain.png", "--require-face"], 1, ["error"]],
    ["a face below the score", [PHOTO, "--box", "0,0,40,40", "--min-score", "0.9"], 0, ["empty"]],
    ["an image that is missing", ["gone.jpg"], 1, ["error"]],
    ["a file that is no image", ["broken.jpg", PHOTO], 1, ["error", "face"]],
    ["one box beside the image", [PHOTO, "--box", "900,900,50,50", "--box", FLAG], 1, ["face", "error"]],
    ["a glob that matches nothing", ["*.gif"], 1, ["error"]],
  ])("%s", async (_, args, status, kinds) => {
    const paths = args.map((arg) => (/^(plain|broken|gone|\*)/.test(arg) ? at(arg) : arg));
    const result = await fivepoint(["detect", ...paths, "--format", "json"]);
    expect(result.status).toBe(status);
    const lines = jsonLines(result);
    expect(lines.flatMap(valid)).toEqual([]);
    const kind = (line: object) => ("error" in line ? "error" : "faces" in line ? "empty" : "face");
    expect(lines.map(kind)).toEqual(kinds);
  });

  it("an image from standard input", async () => {
    const result = await fivepoint(["detect", "-", "--json"], { stdin: readFileSync(PHOTO) });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(jsonLines(result).flatMap(valid)).toEqual([]);
  });

  it("a face that eval can't read", async () => {
    const points = "171,101,216,103,193,127,175,142,212,142";
    writeFileSync(
      at("list.csv"),
      ["file,x0,y0,x1,y1,x2,y2,x3,y3,x4,y4,x,y,w,h", `photo.jpg,${points},${FLAG}`]
        .concat(`broken.jpg,${points},${FLAG}`)
        .join("\n"),
    );
    const result = await fivepoint(["eval", at("list.csv"), "--json"]);
    expect(result.status).toBe(1);
    const errors = jsonLines(result).filter((line) => "error" in line);
    expect(errors).toHaveLength(1);
    expect(errors.flatMap(valid)).toEqual([]);
  });
});

describe("the schema", () => {
  const image = { width: 100, height: 100, format: "gray", data: new Uint8Array(10_000).fill(90) } as const;
  const { box, points, normalized, score } = createLandmarkerSync().detect(image);
  const face = { box, points: points.map(({ x, y }) => [x, y]), normalized: [...normalized], score };
  const line = { image: "a.jpg", ...face };

  it("describes a face by itself, for answers that name the image elsewhere", () => {
    const validateFace = ajv.getSchema(`${schema.$id}#/$defs/face`)!;
    expect(validateFace(face)).toBe(true);
    expect(validateFace({ ...face, points })).toBe(false);
  });

  it("takes further properties, as a service may add them", () => {
    expect(valid({ ...line, sha256: "00", width: 100, height: 100 })).toEqual([]);
    expect(valid({ image: "a.jpg", error: "no such file", code: "missing" })).toEqual([]);
  });

  const { score: _, ...scoreless } = line;
  it.each<[string, unknown]>([
    ["a face without its image", face],
    ["a face without its score", scoreless],
    ["a score beyond 1", { ...line, score: 1.5 }],
    ["four points", { ...line, points: face.points.slice(1) }],
    ["points as objects", { ...line, points }],
    ["a point of three numbers", { ...line, points: face.points.map((point) => [...point, 0]) }],
    ["nine outputs", { ...line, normalized: face.normalized.slice(1) }],
    ["outputs as a Float32Array prints", { ...line, normalized: { ...normalized } }],
    ["a box as a list", { ...line, box: Object.values(box) }],
    ["an empty box", { ...line, box: { ...box, width: 0 } }],
    ["a face that has failed", { ...line, error: "no such file" }],
    ["a face among none", { ...line, faces: 0 }],
    ["an image with several faces", { image: "a.jpg", faces: [face] }],
    ["an error that isn't text", { image: "a.jpg", error: { code: "missing" } }],
    ["an error without its image", { error: "no such file" }],
    ["an image alone", { image: "a.jpg" }],
    ["a list", [line]],
  ])("refuses %s", (_, value) => {
    expect(valid(value)).not.toEqual([]);
  });
});
