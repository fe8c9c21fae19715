/**
 * What a tracker makes of rendered videos whose truth is known, and what a frame costs:
 *
 *     npm run bench:track
 */
import { createLandmarkerSync } from "fivepoint";
import { createFinderSync } from "fivepoint/finder";
import { createTracker } from "fivepoint/tracker";
import { Renderer } from "../test/support/motion.ts";
import {
  boxOf,
  crossing,
  GOODBYES,
  MIDDLE,
  milliseconds,
  moments,
  Studio,
} from "../test/support/tracking.ts";
import { median } from "./statistics.ts";

const studio = new Studio(await Renderer.create(1), createLandmarkerSync(), createFinderSync());
const print = (name: string, value: string) => console.log(`${name.padEnd(64)}${value}`);

console.log("trembling of a face that rests, standard deviation of its points in eye distances");
for (const scale of [1, 0.5, 1.5]) {
  const { smoothed, read, detected } = studio.tremble({ ...MIDDLE, scale });
  print(
    `  a face of ${64 * scale} pixels`,
    `${smoothed.toFixed(5)}, unsmoothed ${read.toFixed(5)} (÷ ${(read / smoothed).toFixed(1)}), ` +
      `detect in a fixed box ${detected.toFixed(5)} (÷ ${(detected / smoothed).toFixed(1)})`,
  );
}

console.log("\nlag behind a face that moves, in frames at 30 a second");
for (const speed of [0.25, 1, 3])
  print(
    `  ${speed} widths a second`,
    `${studio.lag(speed).toFixed(2)}, unsmoothed ${studio.lag(speed, { smoothing: false }).toFixed(2)}`,
  );

console.log("\nghosts, frames with a face that is gone");
for (const [name, goodbye] of Object.entries(GOODBYES)) print(`  ${name}`, String(studio.ghost(goodbye)));

console.log("\nids of two faces that pass each other");
for (const overlap of [0.1, 0.3, 0.5])
  for (const speed of [0.7, 1.5])
    for (const front of ["upper", "lower"] as const) {
      const ids = studio.ids(crossing(overlap, speed, front));
      print(
        `  boxes overlap by ${overlap}, ${speed} widths a second, the ${front} in front`,
        ids.join(" | "),
      );
    }

console.log("\ncost of a frame with one face");
{
  const { landmarker } = studio.models;
  const frames = studio.frames(moments(20, () => ({ faces: [MIDDLE] })));
  const tracker = createTracker({ landmarker });
  let time = 0;
  tracker.next(frames[0]!, time, { boxes: [boxOf(MIDDLE)] });
  const timed = (call: () => unknown) => {
    const began = performance.now();
    call();
    return performance.now() - began;
  };
  const ratios = Array.from({ length: 2000 }, (_, i) => {
    const frame = frames[i % frames.length]!;
    time += milliseconds(1);
    const next = timed(() => tracker.next(frame, time));
    return next / timed(() => landmarker.detect(frame, boxOf(MIDDLE)));
  });
  print("  next ÷ detect, median", median(ratios.slice(500)).toFixed(2));
}
