// The direction of imports (docs/ARCHITECTURE.md): a lower layer never knows a higher one.
const forbid = (name, from, to, comment) => ({ name, severity: "error", comment, from: { path: from }, to });

/** The parts of src, and those that each may import. */
const PARTS = {
  core: { path: "core/", below: [] },
  formats: { path: "formats/", below: ["core/"] },
  adapters: { path: "adapters/", below: ["core/"] },
  tracker: { path: "tracker/", below: ["core/"] },
  drawing: { path: "drawing/", below: ["core/"] },
  entries: { path: "[^/]+\\.ts$", below: ["core/", "formats/", "adapters/", "tracker/", "drawing/"] },
  pool: { path: "pool/", below: ["core/", "bundled\\.ts$"] },
  cli: { path: "cli/", below: ["core/", "formats/", "adapters/", "drawing/"] },
};

module.exports = {
  forbidden: [
    forbid("no-cycles", ".", { circular: true }, "modules form layers"),
    forbid("simd-is-the-floor", "^assembly/simd", { path: "^assembly/" }, "lane helpers import nothing"),
    forbid(
      "kernels-stand-alone",
      "^assembly/kernels/",
      { path: "^assembly/", pathNot: "^assembly/simd" },
      "a kernel imports lane helpers only",
    ),
    forbid(
      "image-stands-alone",
      "^assembly/image/",
      { path: "^assembly/", pathNot: "^assembly/(simd|image/)" },
      "so does image code",
    ),
    forbid(
      "stages-below-networks",
      "^assembly/[^/]+\\.ts$",
      { path: "^assembly/[^/]+/", pathNot: "^assembly/kernels/" },
      "one stage serves every network: shapes and memory are given to it",
    ),
    forbid(
      "shape-and-memory-below-passes",
      "^assembly/[^/]+/(shape|memory)\\.ts$",
      { path: "^assembly/", pathNot: "^assembly/([^/]+/shape|maps|panels|image/[^/]+)\\.ts$" },
      "the memory map follows from the shape, and the shape from nothing",
    ),
    forbid(
      "index-is-the-roof",
      "^assembly/",
      { path: "^assembly/[^/]+/index\\.ts$" },
      "nothing in assembly imports a module's ABI",
    ),
    forbid(
      "networks-apart",
      "^assembly/(?!kernels/|image/)([^/]+)/",
      { path: "^assembly/[^/]+/", pathNot: "^assembly/($1|kernels|image)/" },
      "networks share kernels and stages, not each other",
    ),
    forbid("abi-only", "^src/", { path: "^assembly/" }, "src meets assembly through the ABI alone"),
    ...Object.entries(PARTS).map(([part, { path, below }]) =>
      forbid(
        `${part}-below-the-rest`,
        `^src/${path}`,
        { path: "^src/", pathNot: [path, ...below].map((each) => `^src/${each}`) },
        "a part of src imports itself and those parts below it that docs/ARCHITECTURE.md names",
      ),
    ),
    forbid(
      "no-platform-below-entries",
      "^src/(core|formats|adapters|tracker|drawing|pool/(?!node\\.ts))",
      { dependencyTypes: ["core"] },
      "only entries and the CLI use Node's modules",
    ),
    forbid(
      "loader-for-tests-and-tools",
      "^src/",
      { path: "node_modules/@assemblyscript/loader" },
      "its top-level code changes globals",
    ),
    forbid(
      "worker-is-the-core-alone",
      "^src/pool/worker\\.ts",
      { path: "^src/", pathNot: "^src/(core|pool/messages)" },
      "its script is bundled as text: no modules and weights in it",
    ),
    forbid(
      "product-knows-no-test",
      "^(src|assembly)/",
      { path: "^(test|bench)/" },
      "nothing imports test or bench",
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".mjs", ".js"] },
  },
};
