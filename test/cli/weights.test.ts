import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { createLandmarkerSync } from "fivepoint";
import sharp from "sharp";
import { afterEach, describe, expect, it } from "vitest";
import { pull } from "../../src/cli/weights/command.ts";
import { OFFICIAL_FILES } from "../../src/cli/weights/official.ts";
import { parseWeights, serializeWeights } from "../../src/core/landmarks.ts";
import { writeIr } from "../support/openvino.ts";
import { randomCrops } from "../support/random.ts";
import { golden, reference } from "../support/reference.ts";
import { randomWeights } from "../support/weights.ts";
import { fivepoint, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const ir = writeIr(randomWeights(4), {});
const xmlFile = join(folder, "model.xml");
const binFile = join(folder, "model.bin");
mkdirSync(folder, { recursive: true });
writeFileSync(xmlFile, ir.xml);
writeFileSync(binFile, ir.bin);

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((listening) => server!.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/`;
}

describe("fivepoint weights info", () => {
  it("tells what the embedded weights are", async () => {
    const bytes = readFileSync("dist/weights.safetensors");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const text = await fivepoint(["weights", "info"]);
    expect(text).toMatchObject({ status: 0, stderr: "" });
    for (const part of [sha256, "CC-BY-4.0", "190873 parameters"]) expect(text.stdout).toContain(part);
    expect(text.stdout.trimEnd().split("\n").length).toBeLessThan(12); // a screen, not the list of tensors
    expect(text.stdout).toMatch(/^precision +f32, int8$/m);
    const json = JSON.parse((await fivepoint(["weights", "info", "--json"])).stdout);
    expect(json).toMatchObject({ sha256, parameters: 190873, bytes: bytes.length, license: "CC-BY-4.0" });
    expect(json).not.toHaveProperty("tensors");
  });

  it("lists the tensors with --tensors", async () => {
    const text = (await fivepoint(["weights", "info", "--tensors"])).stdout;
    expect(text.startsWith((await fivepoint(["weights", "info"])).stdout)).toBe(true);
    expect(text).toMatch(/^ {2}conv5\.weight +F16 {2}128×64×3×3$/m);
    const json = JSON.parse((await fivepoint(["weights", "info", "--tensors", "--json"])).stdout);
    const tensors = parseWeights(readFileSync("dist/weights.safetensors")).tensors;
    expect(json.tensors.map(({ name }: { name: string }) => name)).toEqual([...tensors.keys()]);
    expect(json.tensors).toContainEqual({ name: "conv5.weight", dtype: "F16", shape: [128, 64, 3, 3] });
  });

  it("fails on a file that is missing or no weights file", async () => {
    expect(await fivepoint(["weights", "info", join(folder, "none")])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringContaining("none: no such file"),
    });
    const { status, stderr } = await fivepoint(["weights", "info", binFile]);
    expect(status).toBe(1);
    expect(stderr).toContain("model.bin: This isn't a fivepoint weights file");
  });
});

describe("fivepoint weights import", () => {
  it("writes a file that wants calibration for int8, and says so", async () => {
    const out = join(folder, "uncalibrated.safetensors");
    await fivepoint(["weights", "import", "--xml", xmlFile, "--bin", binFile, "--out", out]);
    const { stdout } = await fivepoint(["weights", "info", out]);
    expect(stdout).toMatch(/^precision +f32; for int8 run fivepoint weights quantize$/m);
  });

  it("writes a file with the model's weights", async () => {
    const out = join(folder, "deep", "imported.safetensors");
    const { status, stdout } = await fivepoint([
      "weights",
      "import",
      "--xml",
      xmlFile,
      "--bin",
      binFile,
      "--out",
      out,
      "--name",
      "mine",
      "--license",
      "MIT",
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain("mine, MIT");
    const file = parseWeights(readFileSync(out));
    expect(file.metadata).toMatchObject({ name: "mine", license: "MIT" });
    const crops = randomCrops(2, 8);
    const want = createLandmarkerSync({ weights: serializeWeights(randomWeights(4)) }).run(crops, 2);
    expect(createLandmarkerSync({ weights: readFileSync(out) }).run(crops, 2)).toEqual(want);
  });

  it("stores halves when told so", async () => {
    const out = join(folder, "halves.safetensors");
    expect(
      (await fivepoint(["weights", "import", "--xml", xmlFile, "--bin", binFile, "--out", out, "--f16"]))
        .status,
    ).toBe(0);
    expect([...parseWeights(readFileSync(out)).tensors.values()].every(({ dtype }) => dtype === "F16")).toBe(
      true,
    );
  });

  it("names what it can't read, and writes nothing", async () => {
    const bad = join(folder, "bad.xml");
    const out = join(folder, "bad.safetensors");
    writeFileSync(bad, ir.xml.replace('type="PReLU"', 'type="Swish"'));
    const { status, stderr } = await fivepoint([
      "weights",
      "import",
      "--xml",
      bad,
      "--bin",
      binFile,
      "--out",
      out,
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain('bad.xml: The layer "conv1.prelu" (Swish) has no place in this network.');
    expect(existsSync(out)).toBe(false);
  });

  it("says which file it is about when it can't write", async () => {
    const out = join(binFile, "below-a-file.safetensors");
    const { status, stderr } = await fivepoint([
      "weights",
      "import",
      "--xml",
      xmlFile,
      "--bin",
      binFile,
      "--out",
      out,
    ]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: `error: ${out}: not a directory\n` });
  });

  it.each([
    [["weights", "import"]],
    [["weights", "import", "--xml", xmlFile, "--bin", binFile]],
    [["weights", "pull", "--precision", "FP8", "--out", "x"]],
    [["weights", "pull", "--out", "x", "--timeout", "soon"]],
    [["weights", "pull", "--out", "x", "--base-url", "ftp://a"]],
    [["weights", "export", "--out", "x"]],
    [["weights", "bake"]],
  ])("is used wrongly by %j: status 2", async (args) => {
    const { status, stderr, stdout } = await fivepoint(args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/error: /);
  });
});

describe("fivepoint weights export", () => {
  it("writes an ONNX model (its answers: test/formats/onnx.test.ts)", async () => {
    const out = join(folder, "model.onnx");
    expect((await fivepoint(["weights", "export", "--format", "onnx", "--out", out])).status).toBe(0);
    expect(readFileSync(out).includes("landmarks")).toBe(true);
  });
});

describe("fivepoint weights pull", () => {
  const out = join(folder, "pulled.safetensors");
  const run = (baseUrl: string, ...more: string[]) =>
    fivepoint(["weights", "pull", "--out", out, "--base-url", baseUrl, ...more]);
  const official = (extension: string) => OFFICIAL_FILES.FP32[extension as "xml" | "bin"];

  it("downloads, checks and converts", async () => {
    const paths: string[] = [];
    const baseUrl = await serve(({ url }, response) => {
      paths.push(url!);
      response.end(url!.endsWith(".xml") ? ir.xml : ir.bin);
    });
    const fact = (bytes: Uint8Array | string) => ({
      bytes: Buffer.byteLength(bytes as string),
      sha384: createHash("sha384").update(bytes).digest("hex"),
    });
    const facts = { xml: fact(ir.xml), bin: fact(ir.bin) };
    await pull(
      { precision: "FP16", baseUrl, timeout: 10, out },
      { FP32: facts, FP16: facts, "FP16-INT8": facts },
    );
    expect(paths).toEqual(
      ["xml", "bin"].map((extension) => `/models/FP16/landmarks-regression-retail-0009.${extension}`),
    );
    const { metadata, tensors } = parseWeights(readFileSync(out));
    expect(metadata.source).toContain("Open Model Zoo 2023.0, FP16, http://127.0.0.1");
    for (const [name, { data }] of randomWeights(4).tensors) {
      expect(Buffer.compare(tensors.get(name)!.data, data), name).toBe(0);
    }
  });

  it.each<[string, RequestListener, string[], RegExp]>([
    [
      "a server that hasn't the file",
      (_, response) => response.writeHead(404).end(),
      [],
      /answered 404 Not Found/,
    ],
    [
      "a file of another size",
      (_, response) => response.end("short"),
      [],
      /expected 43654 bytes, but 5 came/,
    ],
    [
      "another file of that size",
      (_, response) => response.end(Buffer.alloc(official("xml").bytes)),
      [],
      /expected the SHA-384 [0-9a-f]{96}, but it is [0-9a-f]{96}/,
    ],
    [
      "a connection that breaks off",
      (_, response) => {
        response.writeHead(200, { "content-length": 43654 });
        response.write("<?xml");
        setTimeout(() => response.destroy(), 50);
      },
      [],
      /\.xml: /,
    ],
    ["a server that never answers", () => {}, ["--timeout", "0.3"], /no answer within 0\.3 s/],
    [
      "a server that stops in the middle",
      (_, response) => {
        response.writeHead(200, { "content-length": 43654 });
        response.write("<?xml");
      },
      ["--timeout", "0.5"],
      /no answer within 0\.5 s/,
    ],
  ])("fails with status 1 on %s, and leaves nothing behind", async (_, listener, more, message) => {
    const before = readdirSync(folder);
    const { status, stderr, stdout } = await run(await serve(listener), ...more);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("waits as long as it is told, however long that is", async () => {
    const { status, stderr } = await run(
      await serve((_, response) => setTimeout(() => response.writeHead(404).end(), 100)),
      "--timeout",
      "1e9",
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/answered 404 Not Found/);
    expect(stderr).not.toMatch(/Warning/);
  });

  it("fails on a server that isn't there", async () => {
    const { status, stderr } = await run("http://127.0.0.1:9/");
    expect(status).toBe(1);
    expect(stderr).toMatch(/ECONNREFUSED|bad port/);
  });
});

describe("fivepoint weights quantize", () => {
  const list = join(folder, "faces.csv");
  const photo = resolve("examples/astronaut.jpg");
  const boxes = Array.from(
    { length: 40 },
    (_, i) => `${photo},${120 + i},${50 + i},${100 + 3 * i},${110 + 2 * i}`,
  );
  writeFileSync(list, ["file,x,y,width,height", ...boxes].join("\n"));
  const plain = join(folder, "plain.safetensors");
  const random = randomWeights(6);
  writeFileSync(plain, serializeWeights(random));
  const quantize = (...args: string[]) => fivepoint(["weights", "quantize", "--images", "/", ...args]);

  it("adds ranges by the rule that comes closest, and changes nothing else", async () => {
    const out = join(folder, "quantized.safetensors");
    const { status, stdout, stderr } = await quantize("--calibrate", list, "--weights", plain, "--out", out);
    expect(status).toBe(0);
    const rules = stderr.trim().split("\n");
    const distances = rules.map(Number.parseFloat);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(new Set(distances).size).toBeGreaterThan(2);
    expect(stdout).toContain("on 40 faces");
    expect(stdout).toContain(rules[0]!.slice(rules[0]!.indexOf("  ") + 2));
    const file = parseWeights(readFileSync(out));
    expect(file.tensors).toEqual(parseWeights(readFileSync(plain)).tensors);
    expect(file.metadata).toMatchObject(random.metadata);

    const weights = readFileSync(out);
    const { data, info } = await sharp(photo).raw().toBuffer({ resolveWithObject: true });
    const image = { data, width: info.width, height: info.height, format: "rgb" } as const;
    const box = { x: 120, y: 50, width: 100, height: 110 };
    const [exact, int8] = (["f32", "int8"] as const).map(
      (precision) => createLandmarkerSync({ weights, precision }).detect(image, box).normalized,
    );
    int8!.forEach((v, i) => {
      expect(Math.abs(v - exact![i]!)).toBeLessThan(0.05);
    });
  });

  it.skipIf(!reference)("brings the official weights to the golden answers (needs ../shared)", async () => {
    const faces = join(reference!, "faces");
    const rows = readFileSync(join(faces, "train.csv"), "utf8").split("\n");
    const some = join(folder, "train.csv");
    writeFileSync(some, rows.filter((_, i) => i % 10 === 0).join("\n"));
    const official = join(folder, "official.safetensors");
    const out = join(folder, "official-int8.safetensors");
    const model = join(
      reference!,
      "omz/landmarks-regression-retail-0009/FP32/landmarks-regression-retail-0009",
    );
    const made = await fivepoint([
      "weights",
      "import",
      "--xml",
      `${model}.xml`,
      "--bin",
      `${model}.bin`,
      "--out",
      official,
    ]);
    expect(made.stderr).toBe("");
    const { status } = await fivepoint([
      "weights",
      "quantize",
      "--calibrate",
      some,
      "--images",
      faces,
      "--weights",
      official,
      "--out",
      out,
    ]);
    expect(status).toBe(0);
    const { count, crops, landmarks } = golden();
    const got = createLandmarkerSync({ weights: readFileSync(out), precision: "int8" }).run(crops, count);
    let sum = 0;
    for (let i = 0; i < got.length; i += 2) {
      sum += Math.hypot(got[i]! - landmarks[i]!, got[i + 1]! - landmarks[i + 1]!);
    }
    expect(sum / (got.length / 2)).toBeLessThan(2e-3); // in sides of the crop
  });

  it("reports an image that can't be read and calibrates on the others", async () => {
    const some = join(folder, "some.csv");
    writeFileSync(some, ["file,x,y,width,height", "none.jpg,0,0,9,9", ...boxes.slice(0, 2)].join("\n"));
    const { status, stdout, stderr } = await quantize(
      "--calibrate",
      some,
      "--out",
      join(folder, "some.safetensors"),
    );
    expect(status).toBe(1);
    expect(stderr).toContain("/none.jpg: ");
    expect(stdout).toContain("on 2 faces");
  });

  it.each([
    ["no readable image", ["file,x,y,width,height", "none.jpg,0,0,9,9"], 1, /no face could be read/],
    ["no row", ["file,x,y,width,height"], 2, /at least one row/],
    ["no boxes", ["file", photo], 2, /expected the columns file, x, y/],
  ])("writes nothing where there is %s", async (_, lines, wanted, message) => {
    const bad = join(folder, "bad.csv");
    writeFileSync(bad, lines.join("\n"));
    const out = join(folder, "bad.safetensors");
    const { status, stderr } = await quantize("--calibrate", bad, "--out", out);
    expect(status).toBe(wanted);
    expect(stderr).toMatch(message);
    expect(existsSync(out)).toBe(false);
  });
});
