// Bundles each entry of the package with esbuild and puts the binary files beside them.
import { chmod, copyFile, mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist/shared", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
for (const folder of ["cli", "shared"]) await rm(`dist/${folder}`, { recursive: true, force: true }); // names change
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
// In these two runtimes the import of a module lying beside the entry gives it compiled.
const compiledModules = {
  name: "compiled-modules",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/model.*\.wasm/ }, ({ path }) => ({ path, external: true }));
  },
};
await build({
  ...common,
  platform: "neutral",
  mainFields: ["module", "main"],
  entryPoints: ["index", "slim", "workerd", "edge-light", "adapters", "openvino"].map(
    (entry) => `src/${entry}.ts`,
  ),
  splitting: true, // the entries share their classes, so that instanceof holds across them
  chunkNames: "shared/[hash]",
  loader: { ".wasm": "base64", ".safetensors": "base64" },
  plugins: [compiledModules],
});
await build({
  ...common,
  platform: "node",
  entryPoints: ["src/cli/main.ts", "src/cli/detect-worker.ts"],
  external: ["sharp", "fivepoint"],
  splitting: true,
  chunkNames: "cli/[hash]",
  // CommonJS libraries inside the bundle still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as forBundle } from "node:module"; const require = forBundle(import.meta.url);',
  },
});
await chmod("dist/cli/main.js", 0o755);
