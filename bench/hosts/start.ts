/** fivepoint's start, from import to first face, in a fresh process, phase by phase through the public API: prints milliseconds as JSON. */
import { readFileSync } from "node:fs";
import type { Precision } from "fivepoint";
import { crops } from "../session.ts";

const { precision } = JSON.parse(process.argv[2]!) as { precision: Precision };
const tier = process.versions.node.startsWith("20.") ? "model.wasm" : "model-relaxed.wasm";
const bytes = readFileSync(`dist/${tier}`);
const weights = readFileSync("dist/weights.safetensors");

const marks = [performance.now()];
const mark = () => marks.push(performance.now());
const { createLandmarkerSync } = await import("fivepoint");
mark();
const module = new WebAssembly.Module(bytes);
mark();
new WebAssembly.Instance(module);
mark();
const landmarker = createLandmarkerSync({ module, weights, precision });
mark();
landmarker.run(crops.subarray(0, 6912));
mark();
const [load, compile, instantiate, create, first] = marks.slice(1).map((at, i) => at - marks[i]!);
// The landmarker instantiates too: what is beyond that is the weights' check, unpacking and transforms.
console.log(JSON.stringify({ load, compile, instantiate, prepare: create! - instantiate!, first }));
