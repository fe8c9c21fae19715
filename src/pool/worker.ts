/** What a worker of the pool runs. It is bundled as text; the platform puts a `port` before it. */
import { WeightsError } from "../core/errors.ts";
import { Landmarker } from "../core/landmarker.ts";
import { CROP_BYTES } from "../core/model.ts";
import type { Face } from "../core/types.ts";
import type { Answers, Start, Work } from "./messages.ts";

declare const port: {
  onmessage: ((event: { readonly data: Start | Work }) => void) | null;
  onmessageerror: (() => void) | null;
  postMessage(answer: Answers): void;
};

let landmarker: Landmarker;

port.onmessage = ({ data }) => {
  if ("module" in data) {
    const { module, weights, precision } = data;
    landmarker = new Landmarker(module, weights, { precision });
    port.postMessage([]);
    return;
  }
  const { crops } = data;
  const count = crops.length / CROP_BYTES;
  // Stacked, the crops are one image, and boxes of 48×48 pixels pass through unchanged.
  const image = { data: crops, width: 48, height: 48 * count, format: "bgr" } as const;
  const boxes = Array.from({ length: count }, (_, i) => ({ x: 0, y: 48 * i, width: 48, height: 48 }));
  port.postMessage(read(() => landmarker.detectAll(image, boxes)));
};

/** Any other error is a fault of the worker, which ends by it. */
function read(detect: () => Face[]): Answers {
  try {
    return detect().map(({ normalized, score }) => ({ normalized, score }));
  } catch (error) {
    if (error instanceof WeightsError) return error.message;
    throw error;
  }
}

// Thrown, it reaches the pool, which would wait for an answer otherwise.
port.onmessageerror = () => {
  throw new Error("a message couldn't be read");
};
