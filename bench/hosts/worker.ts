/** fivepoint in a Worker, whose clock stands still while it computes: `?count=&calls=` runs, workerd.ts holds the watch. */
import { createLandmarkerSync } from "fivepoint";
import { randomCrops } from "../../test/support/random.ts";

const landmarkers = new Map<string, ReturnType<typeof createLandmarkerSync>>();
const crops = randomCrops(64, 5);

export default {
  fetch(request: Request): Response {
    const query = new URL(request.url).searchParams;
    const precision = query.get("precision") as "f32" | "int8";
    const landmarker = landmarkers.get(precision) ?? createLandmarkerSync({ precision });
    landmarkers.set(precision, landmarker);
    const count = Number(query.get("count"));
    const input = crops.subarray(0, count * 6912);
    let landmarks: ArrayLike<number> = [];
    for (let i = 0; i < Number(query.get("calls")); i++) landmarks = landmarker.run(input, count);
    return Response.json(Array.from(landmarks));
  },
};
