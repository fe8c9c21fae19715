/** The package as npm would publish it, installed into folders of programs that use it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Packs it.
 * @returns the tarball in this folder
 */
export function packTo(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const output = execFileSync("npm", ["pack", "--pack-destination", folder, "--silent"], {
    encoding: "utf8",
  });
  return join(folder, output.trim().split("\n").at(-1)!);
}

/**
 * Runs npm in a folder, if one of these files in it has changed since the last time.
 * @param args of npm: `ci`, or `install` with more packages
 */
export function installDependencies(folder: string, files: readonly string[], args: readonly string[]): void {
  const digest = createHash("sha256");
  for (const file of files) digest.update(readFileSync(join(folder, file)));
  const wanted = digest.digest("hex");
  const stamp = join(folder, "node_modules", ".installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  execFileSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "pipe",
  });
  writeFileSync(stamp, wanted);
}

/** Puts the tarball's files where Node finds them from this folder, in place of those of an earlier one. */
export function unpack(tarball: string, folder: string): void {
  const target = join(folder, "node_modules", "fivepoint");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
}
