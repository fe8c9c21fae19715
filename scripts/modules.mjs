// The modules that are built: each network of assembly/ in each tier, a target of asconfig.json.
/** File in dist/ → folder in assembly/. */
const NETWORKS = { model: "landmarks", finder: "finder" };
/** Target → what its file's name ends in. */
const TIERS = { baseline: "", relaxed: "-relaxed" };

export const modules = Object.entries(NETWORKS).flatMap(([file, folder]) =>
  Object.entries(TIERS).map(([target, suffix]) => ({
    target,
    entry: `assembly/${folder}/index.ts`,
    outFile: `dist/${file}${suffix}.wasm`,
  })),
);
