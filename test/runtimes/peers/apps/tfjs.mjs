import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { network } from "./tfjs-network.mjs";

export async function create({ tensors }, { wasmFolder } = {}) {
  if (wasmFolder) setWasmPaths(wasmFolder);
  if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend can't be initialised");
  const forward = network(tf, tensors);
  return (crop) => {
    const y = tf.tidy(() => forward(tf.tensor4d(Float32Array.from(crop), [1, 48, 48, 3])));
    const landmarks = y.dataSync();
    y.dispose();
    return landmarks;
  };
}
