// Bundles each entry of the package with esbuild and puts the binary files beside them.
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

await mkdir("dist", { recursive: true });
await copyFile("weights/default.safetensors", "dist/weights.safetensors");

const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir: "dist",
  outbase: "src",
  legalComments: "eof",
  logLevel: "warning",
};
const portable = {
  ...common,
  platform: "neutral",
  mainFields: ["module", "main"],
  loader: { ".wasm": "base64", ".safetensors": "base64" },
};
await build({ ...portable, entryPoints: ["src/index.ts", "src/adapters.ts"] });
// Here the runtime compiles the modules, which lie beside the entries.
await build({
  ...portable,
  entryPoints: ["src/workerd.ts", "src/edge-light.ts"],
  external: ["./model*.wasm", "./model*.wasm?module"],
});
await build({
  ...common,
  platform: "node",
  entryPoints: ["src/cli/main.ts"],
  external: ["sharp", "fivepoint"],
  // CommonJS libraries inside the bundle still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as forBundle } from "node:module"; const require = forBundle(import.meta.url);',
  },
});
await chmod("dist/cli/main.js", 0o755);
