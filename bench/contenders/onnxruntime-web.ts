import { withRuntime } from "./onnxruntime.ts";

export const create = withRuntime(async () => {
  const runtime = await import("onnxruntime-web/wasm");
  runtime.env.wasm.numThreads = 1;
  return runtime;
});
