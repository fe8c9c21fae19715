import { chooseTier, createLandmarker } from "/node_modules/fivepoint/dist/slim.js";
import { probe } from "/probe.mjs";
import { send } from "./send.mjs";

const file = (name) => new URL(`/node_modules/fivepoint/dist/${name}`, location.href);
send(
  probe(({ simd } = {}) =>
    createLandmarker({
      module: fetch(file(chooseTier(simd) === "relaxed" ? "model-relaxed.wasm" : "model.wasm")),
      weights: file("weights.safetensors"),
    }),
  ),
);
