/** `--detector face-api`: face-api's tiny detector, with the model of its npm package, on the CPU. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type FaceDetector, faceApiDetector } from "../adapters/face-api.ts";
import { findPackage } from "./packages.ts";

const PACKAGE = "@vladmandic/face-api";
const MODEL = "tiny_face_detector_model";

/** @throws Error with the install command when face-api isn't there */
export async function loadFaceApiDetector(): Promise<FaceDetector> {
  const manifestPath = findPackage(`${PACKAGE}/package.json`);
  if (!manifestPath)
    throw new Error(`--detector face-api needs the package ${PACKAGE}: npm install ${PACKAGE}`);
  const root = dirname(manifestPath);
  // The build with TensorFlow.js inside is meant for browsers. In Node it looks for a native TensorFlow, unless there
  // is a window; it needs nothing of that window.
  const scope = globalThis as { window?: unknown };
  scope.window = { document: {} };
  const faceapi = await import(pathToFileURL(join(root, "dist/face-api.esm.js")).href).finally(() => {
    delete scope.window;
  });
  const [manifest] = JSON.parse(await readFile(join(root, `model/${MODEL}-weights_manifest.json`), "utf8"));
  const weights = new Uint8Array(await readFile(join(root, `model/${MODEL}.bin`)));
  faceapi.tf.enableProdMode(); // no advice on the console
  await faceapi.tf.setBackend("cpu");
  await faceapi.tf.ready();
  faceapi.nets.tinyFaceDetector.loadFromWeightMap(
    faceapi.tf.io.decodeWeights(weights.buffer, manifest.weights),
  );
  return faceApiDetector(faceapi);
}
