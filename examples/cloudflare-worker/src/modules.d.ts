// wrangler compiles what is imported as .wasm.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
// The package describes the exports of this one's instance.
declare module "@jsquash/png/codec/pkg/squoosh_png_bg.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
