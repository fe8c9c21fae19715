/** TensorFlow.js on its wasm backend (XNNPACK inside), the network as that of test/runtimes/peers. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { toFloat32 } from "../../src/core/container.ts";
import { parseWeights } from "../../src/core/landmarks.ts";
import { network } from "../../test/runtimes/peers/apps/tfjs-network.mjs";
import type { Create } from "./runner.ts";

// biome-ignore lint/suspicious/noExplicitAny: installed on demand, so its types aren't there
type Tf = any;

export const create: Create = async ({ packages, models }) => {
  const require = createRequire(`${packages}/package.json`);
  const load = (name: string) => import(pathToFileURL(require.resolve(name)).href);
  const tf: Tf = await load("@tensorflow/tfjs-core");
  await load("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");

  const { tensors } = parseWeights(await readFile(`${models}/weights.safetensors`));
  const values = Array.from(tensors, ([name, tensor]) => {
    return [name, { shape: tensor.shape, values: toFloat32(tensor) }] as const;
  });
  const forward = network(tf, Object.fromEntries(values));
  return {
    version: tf.version_core,
    prepare: (crops, count) => {
      const x = tf.tensor4d(Float32Array.from(crops.subarray(0, count * 6912)), [count, 48, 48, 3]);
      return {
        run: () => {
          const y = tf.tidy(() => forward(x));
          const landmarks = y.dataSync();
          y.dispose();
          return landmarks;
        },
        read: (result: Float32Array) => result,
      };
    },
  };
};
