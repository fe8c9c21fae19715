// Compiles each network of assembly/ for both tiers by the targets of asconfig.json.
import { join } from "node:path";
import asc from "assemblyscript/asc";

/** File in dist/ → folder in assembly/. */
const MODULES = { model: "landmarks" };
const TIERS = { baseline: "", relaxed: "-relaxed" };

for (const [file, folder] of Object.entries(MODULES)) {
  for (const [target, suffix] of Object.entries(TIERS)) {
    const outFile = join("dist", `${file}${suffix}.wasm`);
    const { error, stderr } = await asc.main([
      `assembly/${folder}/index.ts`,
      "--target",
      target,
      "--outFile",
      outFile,
    ]);
    process.stderr.write(stderr.toString());
    if (error) process.exit(1);
  }
}
