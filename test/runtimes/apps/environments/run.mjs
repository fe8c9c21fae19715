import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";

const landmarker = await createLandmarker();
const finder = await createFinder();
const gray = { data: new Uint8Array(64 * 64), width: 64, height: 64, format: "gray" };
console.log(
  landmarker.run(new Uint8Array(6912).fill(99)).length,
  landmarker.info.weights.sha256.length,
  finder.find(gray).length,
  finder.info.weights.sha256.length,
);
