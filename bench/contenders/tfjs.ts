/** TensorFlow.js on its wasm backend (XNNPACK inside), the network as a chain of its fused layer calls. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { parseWeights, toFloat32 } from "../../src/weights/container.ts";
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
  const tensor = (name: string, shape?: number[]) =>
    tf.tensor(toFloat32(tensors.get(name)!), shape ?? tensors.get(name)!.shape);
  const affine = (name: string) => {
    const scale = tensor(`${name}.scale`);
    const shift = tensor(`${name}.shift`);
    return (x: Tf) => tf.add(tf.mul(x, scale), shift);
  };
  const conv = (name: string, pooled: boolean) => {
    const filter = tf.transpose(tensor(`${name}.weight`), [2, 3, 1, 0]);
    const bias = tensor(`${name}.bias`);
    const preluActivationWeights = tf.tensor(toFloat32(tensors.get(`${name}.slope`)!), [1, 1, 1]);
    const then = affine(name);
    return (x: Tf) => {
      const y = tf.fused.conv2d({
        x,
        filter,
        strides: 1,
        pad: "same",
        bias,
        activation: "prelu",
        preluActivationWeights: tf.broadcastTo(preluActivationWeights, [1, 1, filter.shape[3]]),
      });
      return then(pooled ? tf.maxPool(y, 2, 2, "valid") : y);
    };
  };
  const depthwise = () => {
    const filter = tf.expandDims(tf.transpose(tensor("depthwise.weight"), [1, 2, 0]), 3);
    const bias = tensor("depthwise.bias");
    const preluActivationWeights = tf.broadcastTo(tensor("depthwise.slope", [1, 1, 1]), [1, 1, 128]);
    const then = affine("depthwise");
    return (x: Tf) =>
      tf.reshape(
        then(
          tf.fused.depthwiseConv2d({
            x,
            filter,
            strides: 1,
            pad: "valid",
            bias,
            activation: "prelu",
            preluActivationWeights,
          }),
        ),
        [-1, 128],
      );
  };
  const dense = (name: string, activation: "prelu" | "sigmoid", then = (x: Tf) => x) => {
    const b = tf.transpose(tensor(`${name}.weight`));
    const bias = tensor(`${name}.bias`);
    const slope = activation === "prelu" ? tensor(`${name}.slope`) : undefined;
    const preluActivationWeights = slope && tf.broadcastTo(slope, [b.shape[1]]);
    return (a: Tf) => then(tf.fused.matMul({ a, b, bias, activation, preluActivationWeights }));
  };
  const stages = [
    affine("input"),
    conv("conv1", true),
    conv("conv2", true),
    conv("conv3", true),
    conv("conv4", false),
    conv("conv5", false),
    depthwise(),
    dense("fc1", "prelu", affine("fc1")),
    dense("fc2", "prelu"),
    dense("fc3", "sigmoid"),
  ];
  return {
    version: tf.version_core,
    prepare: (crops, count) => {
      const x = tf.tensor4d(Float32Array.from(crops.subarray(0, count * 6912)), [count, 48, 48, 3]);
      return {
        run: () => {
          const y = tf.tidy(() => stages.reduce((value, stage) => stage(value), x));
          const landmarks = y.dataSync();
          y.dispose();
          return landmarks;
        },
        read: (result: Float32Array) => result,
      };
    },
  };
};
