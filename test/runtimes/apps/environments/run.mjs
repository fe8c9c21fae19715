import { createLandmarker } from "fivepoint";

const landmarker = await createLandmarker();
console.log(landmarker.run(new Uint8Array(6912).fill(99)).length, landmarker.info.weights.sha256.length);
