/** The package itself, as a user imports it. */
import { createLandmarker, type ImageLike, type Landmarker } from "fivepoint";
import type { Call, Create } from "./runner.ts";

export const create: Create = async ({ precision, simd = "auto", face }) => {
  const landmarker = await createLandmarker({ precision: precision === "f32" ? "f32" : "int8", simd });
  return {
    // Asked for after the start, which is timed: `info` hashes the weights.
    get version() {
      return landmarker.info.simd;
    },
    prepare: (crops, count) => {
      if (face !== undefined) return detection(landmarker, face);
      const input = crops.slice(0, count * 6912);
      return { run: () => landmarker.run(input, count), read: (result: Float32Array) => result };
    },
  };
};

function detection(landmarker: Landmarker, face: number): Call {
  const image = photo();
  const box = { x: 1500, y: 700, width: Math.round(0.8 * face), height: face };
  return {
    run: () => landmarker.detect(image, box).normalized,
    read: (result: Float32Array) => result,
  };
}

/** 4000×3000 RGBA with something everywhere. */
function photo(): ImageLike {
  const data = new Uint8ClampedArray(4000 * 3000 * 4);
  for (let i = 0; i < data.length; i++) data[i] = (i * 2654435761) >>> 24;
  return { data, width: 4000, height: 3000 };
}
