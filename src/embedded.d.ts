// Binary files that scripts/build-ts.mjs embeds as base64.
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
declare module "*.safetensors" {
  const base64: string;
  export default base64;
}
