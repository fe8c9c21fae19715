import { FaceLandmarker, FilesetResolver } from "@mediapipe/tasks-vision";

// Its landmark model isn't in its npm package: all that can be seen is whether its wasm starts.
export async function create(_, { wasmFolder } = {}) {
  const files = await FilesetResolver.forVisionTasks(wasmFolder);
  await FaceLandmarker.createFromOptions(files, { baseOptions: { modelAssetBuffer: new Uint8Array(0) } });
}
