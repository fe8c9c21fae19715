// Binary files that scripts/build-ts.mjs embeds, modules as hexadecimal digits, weights as base64 …
declare module "../dist/*" {
  const hex: string;
  export default hex;
}
declare module "*.safetensors" {
  const base64: string;
  export default base64;
}
// … scripts that it bundles into a text …
declare module "*?text" {
  const script: string;
  export default script;
}
// … and imports that it leaves to the runtime, which compiles them.
declare module "./model*" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "./finder*" {
  const module: WebAssembly.Module;
  export default module;
}
