/** The landmark network's modules and weights inside the package. */
import { embedded } from "./core/embedded.ts";

// Large texts last: where they alternate with code in a bundle, gzip makes a kilobyte more of it.

import baselineHex from "../dist/model.wasm";
import relaxedHex from "../dist/model-relaxed.wasm";
import weightsBase64 from "../weights/default.safetensors";

export const { getModule, getModuleSync, getWeights } = embedded(
  { baseline: baselineHex, relaxed: relaxedHex },
  weightsBase64,
);
