import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import asc from "assemblyscript/asc";

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );

/** Builds each module of test/assembly for both tiers, by the targets of the product, where a source is newer. */
export default async function setup(): Promise<void> {
  mkdirSync("build/test", { recursive: true });
  const changed = Math.max(newest("assembly"), newest("test/assembly"), statSync("asconfig.json").mtimeMs);
  for (const file of readdirSync("test/assembly").filter((name) => name.endsWith(".ts"))) {
    for (const tier of ["baseline", "relaxed"]) {
      const outFile = `build/test/${basename(file, ".ts")}-${tier}.wasm`;
      if (existsSync(outFile) && statSync(outFile).mtimeMs > changed) continue;
      const { error, stderr } = await asc.main([
        `test/assembly/${file}`,
        ...["--target", tier, "--outFile", outFile, "--initialMemory", "512"],
      ]);
      if (error) throw new Error(`${file} (${tier}): ${error.message}\n${stderr}`);
    }
  }
}
