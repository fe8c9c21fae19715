import { createLandmarker } from "fivepoint";

export async function create() {
  const landmarker = await createLandmarker();
  return (crop) => landmarker.run(crop);
}
