/** Examples as a stranger copies them: what they install. */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { globSync } from "tinyglobby";
import { describe, expect, it } from "vitest";

const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const { version } = read("package.json");

describe.each(["browser", "cloudflare-worker", "bulk"])("examples/%s", (name) => {
  const { dependencies, devDependencies } = read(`examples/${name}/package.json`);

  it("installs this version of the package, from the registry", () => {
    expect(dependencies.fivepoint).toBe(version);
  });

  it("takes nothing from the repository but another example beside it, and pins the rest", () => {
    const local = { "fivepoint-worker": "file:../cloudflare-worker" };
    for (const [dependency, wanted] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (!Object.hasOwn(local, dependency)) expect(wanted).toMatch(/^\d+\.\d+\.\d+$/);
      else expect(wanted).toBe(local[dependency as keyof typeof local]);
    }
  });

  it("installs what it imports", () => {
    const files = globSync([`examples/${name}/src/*.ts`, `examples/${name}/*.mjs`]);
    const imports = files.flatMap((file) => [
      ...readFileSync(file, "utf8").matchAll(/^(?:import|\}).* from "([^."][^"]*)"/gm),
    ]);
    const packages = new Set(imports.map(([, specifier]) => /^(@[^/]+\/)?[^/]+/.exec(specifier!)![0]));
    const installed = Object.keys(dependencies);
    expect([...packages].filter((name) => installed.includes(name))).not.toEqual([]);
    expect([...packages].filter((name) => !isBuiltin(name) && !installed.includes(name))).toEqual([]);
  });

  it("locks all but the package itself, so that a tarball of it can take its place", () => {
    const { packages } = read(`examples/${name}/package-lock.json`);
    expect(packages[""].dependencies).toEqual(dependencies);
    for (const other of Object.keys({ ...dependencies, ...devDependencies })) {
      if (other !== "fivepoint") expect(Object.keys(packages)).toContain(`node_modules/${other}`);
    }
    expect(Object.keys(packages)).not.toContain("node_modules/fivepoint");
  });
});
