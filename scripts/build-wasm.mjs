// Compiles the modules by the targets of asconfig.json.
import asc from "assemblyscript/asc";
import { modules } from "./modules.mjs";

for (const { target, entry, outFile } of modules) {
  const { error, stderr } = await asc.main([entry, "--target", target, "--outFile", outFile]);
  process.stderr.write(stderr.toString());
  if (error) process.exit(1);
}
