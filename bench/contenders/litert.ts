/** LiteRT.js, XNNPACK in wasm: for browsers only. Its packages are served beside the page. */
import type { Create } from "./runner.ts";

// biome-ignore lint/suspicious/noExplicitAny: installed on demand, so its types aren't there
type LiteRt = any;

export const create: Create = async ({ packages, models }) => {
  const { loadLiteRt, loadAndCompile, Tensor }: LiteRt = await import(`${packages}/litert.js`);
  await loadLiteRt(`${packages}/litert-wasm/`);
  const options = { accelerator: "wasm", cpuOptions: { numThreads: 1 } };
  const compile = (count: number): LiteRt => loadAndCompile(`${models}/network-${count}.tflite`, options);
  const single = await compile(1);
  return {
    version: "",
    prepare: async (crops, count) => {
      const model = count === 1 ? single : await compile(count);
      const input = new Tensor(Float32Array.from(crops.subarray(0, count * 6912)), [count, 48, 48, 3]);
      return {
        run: async () => {
          const [output] = await model.run(input);
          const landmarks = output.toTypedArray();
          output.delete();
          return landmarks;
        },
        read: (result: Float32Array) => result,
      };
    },
  };
};
