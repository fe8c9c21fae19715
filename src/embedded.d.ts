// Binary files that scripts/build-ts.mjs embeds as base64 …
declare module "../dist/*" {
  const base64: string;
  export default base64;
}
declare module "*.safetensors" {
  const base64: string;
  export default base64;
}
// … and imports that it leaves to the runtime, which compiles them.
declare module "./model*" {
  const module: WebAssembly.Module;
  export default module;
}
