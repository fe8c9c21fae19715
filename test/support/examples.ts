/** Examples as a stranger has them: copied out of the repository, with the packed package installed. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { installDependencies, packTo, unpack } from "./packed.ts";

/**
 * Copies an example to build/examples and installs it there.
 * @param beside other examples, whose files it installs by `file:../name`
 * @returns the copy's folder
 */
export function installExample(name: string, beside: readonly string[] = []): string {
  const root = resolve("build/examples", name);
  for (const example of [name, ...beside]) copy(join("examples", example), join(root, example));
  const folder = join(root, name);
  const tarball = packTo(root);
  const others = beside.map((other) => `../${other}/package.json`);
  installDependencies(folder, ["package.json", "package-lock.json", ...others], ["install", tarball]);
  // What npm has copied is older than this run where nothing had to be installed.
  unpack(tarball, folder);
  for (const other of beside) {
    const { name: installed } = JSON.parse(readFileSync(join(root, other, "package.json"), "utf8"));
    copy(join(root, other), join(folder, "node_modules", installed));
  }
  return folder;
}

/** Copies an example without what npm and wrangler made there, in place of an earlier copy, whose packages stay. */
function copy(from: string, to: string): void {
  const old = existsSync(to) ? readdirSync(to).filter((name) => name !== "node_modules") : [];
  for (const name of old) rmSync(join(to, name), { recursive: true });
  const isSource = (path: string) => !/[\\/](node_modules|dist|\.wrangler)$/.test(path);
  cpSync(from, to, { recursive: true, filter: isSource });
}

/** Bundles an installed example of a Worker as `wrangler deploy` does. */
export function buildWorker(folder: string): string {
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true }); // wrangler leaves modules of earlier builds there
  execFileSync("npm", ["run", "build"], { cwd: folder, stdio: "pipe" });
  return dist;
}
