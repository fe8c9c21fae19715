import { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { planar } from "../measure.mjs";

export async function create({ onnx }) {
  const session = await InferenceSession.create(onnx);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async (crop) => {
    const results = await session.run({ [input]: new Tensor("float32", planar(crop), [1, 3, 48, 48]) });
    return results[output].data;
  };
}
