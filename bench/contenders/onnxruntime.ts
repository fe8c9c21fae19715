/** ONNX Runtime, the native one and the wasm one: one thread, all graph optimisations, the tensor made beforehand. */
import type * as node from "onnxruntime-node";
import { type Create, planar } from "./runner.ts";

type Runtime = Pick<typeof node, "InferenceSession" | "Tensor" | "env">;

const read = async (model: string): Promise<Uint8Array> =>
  model.startsWith("https:")
    ? new Uint8Array(await (await fetch(model)).arrayBuffer())
    : (await import("node:fs/promises")).readFile(model);

export const withRuntime =
  (load: () => Promise<Runtime>): Create =>
  async ({ precision, models }) => {
    const { InferenceSession, Tensor, env } = await load();
    const session = await InferenceSession.create(await read(`${models}/network-${precision}.onnx`), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
    });
    const input = session.inputNames[0]!;
    const output = session.outputNames[0]!;
    return {
      version: env.versions.node ?? env.versions.web ?? env.versions.common,
      prepare: (crops, count) => {
        const feeds = { [input]: new Tensor("float32", planar(crops, count), [count, 3, 48, 48]) };
        return {
          run: () => session.run(feeds),
          read: (result: node.InferenceSession.ReturnType) => result[output]!.data as Float32Array,
        };
      },
    };
  };
