// What Nuxt builds a server with; modules are behind a switch of its own.
const out = new URL("../../../../build/runtimes/nitro/", import.meta.url).pathname;

export default {
  preset: "cloudflare-module",
  compatibilityDate: "2026-07-01",
  experimental: { wasm: true },
  buildDir: `${out}build`,
  output: { dir: `${out}output` },
};
