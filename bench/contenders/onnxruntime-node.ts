import { withRuntime } from "./onnxruntime.ts";

export const create = withRuntime(() => import("onnxruntime-node"));
