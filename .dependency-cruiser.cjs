// The direction of imports (docs/ARCHITECTURE.md): a lower layer never knows a higher one.
const forbid = (name, from, to, comment) => ({ name, severity: "error", comment, from: { path: from }, to });

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
      "stages-know-kernels-alone",
      "^assembly/[^/]+\\.ts$",
      { path: "^assembly/", pathNot: "^assembly/(simd|kernels/)" },
      "one stage serves every network: shapes and scratch are given to it",
    ),
    forbid(
      "shape-and-memory-below-network",
      "^assembly/[^/]+/(shape|memory|scratch)\\.ts$",
      { path: "^assembly/", pathNot: "^assembly/[^/]+/shape\\.ts$" },
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
      { path: "^assembly/(?!kernels/|image/)[^/]+/", pathNot: "^assembly/$1/" },
      "networks share kernels and stages, not each other",
    ),
    forbid("abi-only", "^src/", { path: "^assembly/" }, "src meets assembly through the ABI alone"),
    forbid(
      "core-knows-no-runtime",
      "^src/core/",
      { path: "^src/", pathNot: "^src/core/" },
      "entries and formats call core, never the reverse",
    ),
    forbid(
      "formats-know-the-core-alone",
      "^src/formats/",
      { path: "^src/", pathNot: "^src/(core|formats)/" },
      "other people's formats are read into the core's weights",
    ),
    forbid(
      "core-touches-no-platform",
      "^src/(core|formats|adapters|pool/(?!node\\.ts))",
      { dependencyTypes: ["core"] },
      "only entries and the CLI use Node's modules",
    ),
    forbid(
      "entries-below-cli",
      "^src/[^/]+\\.ts$",
      { path: "^src/(pool|cli)/" },
      "pool and cli sit on the entries",
    ),
    forbid(
      "pool-and-cli-apart",
      "^src/pool/",
      { path: "^src/(cli|adapters)/" },
      "the pool knows the core and what is embedded",
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
