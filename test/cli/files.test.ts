/** Reading and writing files: pipes and devices stay what they are, nothing is half written, every failure is said plainly. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { realTarget, writeWhole } from "../../src/cli/files.ts";
import { command, fivepoint, jsonLines, MAIN, temporaryFolder } from "./support.ts";

const PHOTO = "examples/astronaut.jpg";
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const linux = process.platform === "linux";
const root = process.getuid?.() === 0;
const exportTo = (path: string) => ["weights", "export", "--format", "onnx", "--out", path];

describe("what isn't a regular file", () => {
  it.skipIf(!linux)("a pipe is written into and stays a pipe (needs mkfifo)", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const reader = command("cat", [at("pipe")]);
    expect(await fivepoint(exportTo(at("pipe")))).toMatchObject({ status: 0, stderr: "" });
    expect((await reader).stdout).toContain("landmarks");
    expect(statSync(at("pipe")).isFIFO()).toBe(true);
  });

  // A device of our own, like /dev/null: where the test fails, the machine's stays.
  const device = () => root && spawnSync("mknod", [at("null"), "c", "1", "3"]).status === 0;
  it.skipIf(!linux || !device())("a device is written into and stays a device (needs root)", async () => {
    try {
      writeFileSync(at("null"), "");
    } catch {
      return; // a file system without devices
    }
    expect(await fivepoint(exportTo(at("null")))).toMatchObject({ status: 0, stderr: "" });
    expect(statSync(at("null")).isCharacterDevice()).toBe(true);
  });

  it("a folder is refused", async () => {
    mkdirSync(at("folder"));
    const result = await fivepoint(exportTo(at("folder")));
    const stderr = `error: --out ${at("folder")}: expected the name of a file, but this is a folder.\n`;
    expect(result).toEqual({ status: 2, stdout: "", stderr });
    expect((await fivepoint(exportTo(at("new/")))).status).toBe(2);
    expect([readdirSync(at("folder")), existsSync(at("new"))]).toEqual([[], false]);
    await expect(writeWhole(at("folder"), "")).rejects.toThrow(/folder: is a folder/);
  });
});

describe("a regular file", () => {
  it("keeps its mode and its owner", async () => {
    writeFileSync(at("mine"), "before");
    chmodSync(at("mine"), 0o640);
    if (root) chownSync(at("mine"), 1234, 1234);
    const { uid } = statSync(at("mine"));
    await writeWhole(at("mine"), "after");
    expect(readFileSync(at("mine"), "utf8")).toBe("after");
    expect({ mode: statSync(at("mine")).mode & 0o777, uid: statSync(at("mine")).uid }).toEqual({
      mode: 0o640,
      uid,
    });
  });

  it("has a name of any length that the system allows", async () => {
    for (const name of ["x".repeat(249), "x".repeat(255), "あ".repeat(85)]) {
      await writeWhole(at("long", name), name);
      expect(readFileSync(at("long", name), "utf8")).toBe(name);
    }
    expect(readdirSync(at("long"))).toHaveLength(3);
    const photo = `${"y".repeat(245)}.png`;
    expect(await fivepoint(["detect", PHOTO, "--whole", "--out", at(photo)])).toMatchObject({ status: 0 });
    await expect(writeWhole(at("x".repeat(256)), "")).rejects.toThrow("name too long");
  });

  // Root may do everything: these run as another user.
  const nobody = root ? { uid: 65534, gid: 65534 } : {};
  const asNobody = (args: readonly string[]) =>
    new Promise<string>((done) => {
      const child = spawn(process.execPath, [MAIN, ...args], {
        ...nobody,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text) => {
        stderr += text;
      });
      child.on("close", () => done(stderr));
    });
  it.skipIf(process.platform === "win32")(
    "is neither read nor replaced without permission",
    async ({ skip }) => {
      if (await asNobody(["--version"])) skip("that user can't run the program here");
      chmodSync(folder, 0o777);
      cpSync(PHOTO, at("secret.jpg"));
      chmodSync(at("secret.jpg"), 0);
      const read = await asNobody(["detect", at("secret.jpg"), "--whole"]);
      expect(read).toMatch(/secret\.jpg: permission denied\n/);
      expect(await asNobody(["weights", "info", at("secret.jpg")])).toMatch(
        /secret\.jpg: permission denied\n$/,
      );
      // Renaming another file to its name would need no permission of the file itself.
      writeFileSync(at("protected"), "kept");
      chmodSync(at("protected"), 0o444);
      expect(await asNobody(exportTo(at("protected")))).toMatch(/protected: permission denied\n$/);
      expect(readFileSync(at("protected"), "utf8")).toBe("kept");
    },
  );
});

describe("places that can't be written to", () => {
  it.skipIf(!linux)("a folder below /proc is an error, not an endless wait (needs /proc)", async () => {
    for (const out of ["/proc/nope/out.png", "/proc/nope/deep/er/out.png"]) {
      const result = await fivepoint(["detect", PHOTO, "--whole", "--out", out, "--json"]);
      expect(result.status).toBe(1);
      expect(jsonLines(result)[0].error).toBe(`${out}: no such file or directory`);
    }
  });

  it("the place of a file that doesn't exist is known", async () => {
    expect(await realTarget(at("none/at/all"))).toBe(join(await realTarget(folder), "none/at/all"));
  });

  const disk = at("disk");
  afterEach(() => void spawnSync("umount", [disk], { stdio: "ignore" }));
  const mounted = () => {
    mkdirSync(disk, { recursive: true });
    return root && spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", disk]).status === 0;
  };
  it.skipIf(!linux || !root)(
    "a full disk leaves what was there, and no rest (needs root to mount one)",
    async ({ skip }) => {
      if (!mounted()) skip("no file system can be mounted");
      writeFileSync(join(disk, "model.onnx"), "before");
      const result = await fivepoint(exportTo(join(disk, "model.onnx")));
      const stderr = `error: ${join(disk, "model.onnx")}: no space left on device\n`;
      expect(result).toEqual({ status: 1, stdout: "", stderr });
      expect(readFileSync(join(disk, "model.onnx"), "utf8")).toBe("before");
      expect(readdirSync(disk)).toEqual(["model.onnx"]);
    },
  );

  it
    .skipIf(!linux)
    .each([
      [["weights", "info"]],
      [["detect", PHOTO, "--whole", "--json"]],
      [["detect", PHOTO, "--whole", "--csv"]],
      [["detect", PHOTO, "--whole"]],
    ])("results on a full disk are one line of error: %j (needs /dev/full)", async (args) => {
    const line = [process.execPath, MAIN, ...args].map((text) => `'${text}'`).join(" ");
    const { status, stderr } = await command("sh", ["-c", `${line} > /dev/full`]);
    expect(status).toBe(1);
    expect(stderr).toBe("error: standard output: no space left on device\n");
    // Where not even that can be said, the work is done.
    expect((await command("sh", ["-c", `${line} --nonsense 2> /dev/full`])).status).toBe(2);
  });
});
