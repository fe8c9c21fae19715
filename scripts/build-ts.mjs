// Bundles each entry of the package with esbuild and puts the binary files beside them, and the licences of what is bundled.
import { chmod, copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { modules } from "./modules.mjs";

// Everything but the modules is written anew: what a removed source left would be packed.
for (const entry of await readdir("dist"))
  if (!modules.some(({ outFile }) => outFile === `dist/${entry}`))
    await rm(`dist/${entry}`, { recursive: true });
await copyFile("weights/default.safetensors", "dist/weights.safetensors");
for (const name of ["finder", "finder-clean"])
  await copyFile(`weights/${name}.safetensors`, `dist/${name}.safetensors`);

const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  outdir: "dist",
  outbase: "src",
  minify: true,
  metafile: true,
  logLevel: "warning",
};
// Base64 would hide from gzip what repeats in a module: it isn't aligned to bytes.
const hexModules = {
  name: "hex-modules",
  setup({ onLoad }) {
    onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: await readFile(path, "hex"),
      loader: "text",
    }));
  },
};
// In these two runtimes the import of a module lying beside the entry gives it compiled.
const compiledModules = {
  name: "compiled-modules",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(model|finder).*\.wasm/ }, ({ path }) => ({ path, external: true }));
  },
};
// A worker's script, bundled.
const scripts = {
  name: "scripts",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?text$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("?text", "")),
      namespace: "script",
    }));
    onLoad({ filter: /.*/, namespace: "script" }, async ({ path }) => {
      const { outputFiles } = await build({
        ...common,
        platform: "neutral",
        mainFields: ["module", "main"],
        format: "iife",
        entryPoints: [path],
        metafile: false,
        write: false,
      });
      return { contents: outputFiles[0].contents, loader: "text" };
    });
  },
};
// What entries share lies in a few files, so that instanceof holds across entries and the weights are there once. Named by
// hand rather than split off by esbuild: that makes a file for each set of entries, and every file costs half a millisecond
// of a start in Node.
const SHARED = [
  { file: "core.js", holds: /\/src\/core\/(?!public\.ts|finder\/)/ },
  { file: "weights.js", holds: /default\.safetensors$/ },
  { file: "bundled.js", holds: /\/src\/bundled\.ts$/ },
  { file: "finder.js", holds: /\/src\/core\/finder\/(?!public\.ts)/ },
  { file: "finder-weights.js", holds: /finder\.safetensors$/ },
];
/** Leaves imports of them, but for `own`, to where they lie from the file that is built. */
const shared = (folder, own) => ({
  name: "shared",
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const found = SHARED.find(({ holds }) => holds.test(join(resolveDir, path)));
      return found && found.file !== own ? { path: `${folder}/${found.file}`, external: true } : undefined;
    });
  },
});
const library = (entries, folder, own) =>
  build({
    ...common,
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["node:*", "sharp"],
    loader: { ".safetensors": "base64" },
    plugins: [compiledModules, hexModules, scripts, shared(folder, own)],
    ...entries,
  });
const sharedFile = (file, contents) =>
  library(
    { stdin: { contents, resolveDir: "." }, outfile: `dist/shared/${file}`, outdir: undefined },
    ".",
    file,
  );
/** Exports all that the files of a folder do. */
const everything = async (folder) =>
  (await readdir(folder))
    .filter((file) => file.endsWith(".ts") && file !== "public.ts")
    .map((file) => `export * from "./${folder}/${file}";`)
    .join("");
const libraries = await Promise.all([
  sharedFile("core.js", await everything("src/core")),
  sharedFile("weights.js", 'export { default } from "./weights/default.safetensors";'),
  sharedFile("bundled.js", 'export * from "./src/bundled.ts";'),
  sharedFile("finder.js", await everything("src/core/finder")),
  sharedFile("finder-weights.js", 'export { default } from "./weights/finder.safetensors";'),
  library(
    {
      entryPoints: [
        ...["index", "slim", "edge", "finder", "finder-edge"],
        ...["tracker", "web", "node", "draw", "adapters", "openvino"],
      ].map((entry) => `src/${entry}.ts`),
    },
    "./shared",
  ),
  library({ entryPoints: ["web", "node", "none"].map((entry) => `src/pool/${entry}.ts`) }, "../shared"),
]);
const program = await build({
  ...common,
  platform: "node",
  entryPoints: { "cli/main": "src/cli/main.ts", "cli/detect-process": "src/cli/detect/process.ts" },
  external: ["sharp", "fivepoint"],
  splitting: true,
  chunkNames: "cli/[hash]",
  // CommonJS libraries inside the bundle still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as forBundle } from "node:module"; const require = forBundle(import.meta.url);',
  },
});
await chmod("dist/cli/main.js", 0o755);

/** The bundled packages with their licences, which ask to be passed on. */
async function thirdPartyNotices(...metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)),
  );
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean);
  const notices = await Promise.all(
    [...new Set(folders)].sort().map(async (folder) => {
      const { name, version, license, homepage } = JSON.parse(
        await readFile(`${folder}/package.json`, "utf8"),
      );
      const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
      const texts =
        files.length > 0
          ? await Promise.all(files.map((file) => readFile(`${folder}/${file}`, "utf8")))
          : [homepage ?? `https://www.npmjs.com/package/${name}`];
      return `${name} ${version} (${license})\n\n${texts.map((text) => text.trim()).join("\n\n")}\n`;
    }),
  );
  return `dist/ contains code of these packages.\n\n${notices.join(`\n${"-".repeat(80)}\n\n`)}`;
}
await writeFile(
  "dist/THIRD_PARTY_NOTICES.txt",
  await thirdPartyNotices(...[...libraries, program].map(({ metafile }) => metafile)),
);
