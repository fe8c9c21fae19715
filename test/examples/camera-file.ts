import { mkdirSync, writeFileSync } from "node:fs";
import sharp from "sharp";

/** Writes what Chromium's fake camera plays: a stream of JPEGs of 640×480, the sample photo slowly panned. */
export async function writeCamera(): Promise<string> {
  const photo = sharp("examples/astronaut.jpg").resize(480, 480);
  const frames = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      photo
        .clone()
        .extract({ left: 3 * i, top: 0, width: 426, height: 320 })
        .resize(640, 480)
        .jpeg()
        .toBuffer(),
    ),
  );
  mkdirSync("build", { recursive: true });
  writeFileSync("build/camera.mjpeg", Buffer.concat([...frames, ...frames.reverse()]));
  return "build/camera.mjpeg";
}
