// wrangler compiles what is imported as .wasm.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
