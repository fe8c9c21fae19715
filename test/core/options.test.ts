/** Bad options: every constructor refuses them alike. */
import { readFileSync } from "node:fs";
import { createLandmarker, createLandmarkerSync, WeightsError } from "fivepoint";
import { expect, it } from "vitest";

const weights = new Uint8Array(readFileSync("dist/weights.safetensors"));

it.each([
  ["simd", { simd: "avx" }, TypeError, /options\.simd.*"avx"/],
  ["an unknown option", { Precision: "int8" }, TypeError, /weights, precision, simd, module.*"Precision"/],
  ["options that are none", "int8", TypeError, /options.*"int8"/],
  ["no options", null, TypeError, /options.*null/],
  ["a module that is none", { module: null }, TypeError, /options\.module.*null/],
  ["precision", { precision: "f16" }, TypeError, /options\.precision.*"f16"/],
  ["weights of another type", { weights: "default" }, TypeError, /options\.weights.*"default"/],
  ["cut weights", { weights: weights.subarray(0, 1000) }, WeightsError, /./],
  ["empty weights", { weights: new Uint8Array(0) }, WeightsError, /./],
  [
    "a module of the other tier",
    { simd: "relaxed", module: new WebAssembly.Module(readFileSync("dist/model.wasm")) },
    TypeError,
    /options\.module/,
  ],
  [
    "another module",
    { module: new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])) },
    TypeError,
    /options\.module/,
  ],
])("refuses bad options: %s", async (_, options, type, message) => {
  expect(() => createLandmarkerSync(options as never)).toThrow(type);
  expect(() => createLandmarkerSync(options as never)).toThrow(message);
  await expect(createLandmarker(options as never)).rejects.toThrow(type);
});
