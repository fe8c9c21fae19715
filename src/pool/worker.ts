/** What a worker of the pool runs. It is bundled as text; the platform puts a `port` before it. */
import { WeightsError } from "../core/errors.ts";
import { Finder } from "../core/finder/finder.ts";
import { Landmarker } from "../core/landmarker.ts";
import { CROP_BYTES } from "../core/model.ts";
import type { Answers, Start, Work } from "./messages.ts";

declare const port: {
  onmessage: ((event: { readonly data: Start | Work }) => void) | null;
  onmessageerror: (() => void) | null;
  postMessage(answer: Answers): void;
};

let landmarker: Landmarker;
let finder: Finder;

port.onmessage = ({ data }) => {
  if ("module" in data) {
    const { module, weights, precision } = data;
    landmarker = new Landmarker(module, weights, { precision });
    port.postMessage([]);
    return;
  }
  if ("search" in data) {
    if (data.finder) finder = new Finder(data.finder.module, data.finder.weights, data.finder);
    answer(() => [finder.search(data.search)]);
    return;
  }
  const { crops } = data;
  const count = crops.length / CROP_BYTES;
  // Stacked, the crops are one image, and boxes of 48×48 pixels pass through unchanged.
  const image = { data: crops, width: 48, height: 48 * count, format: "bgr" } as const;
  const boxes = Array.from({ length: count }, (_, i) => ({ x: 0, y: 48 * i, width: 48, height: 48 }));
  answer(() => landmarker.detectAll(image, boxes).map(({ normalized, score }) => ({ normalized, score })));
};

/** Any other error than one of the weights is a fault of the worker, which ends by it. */
function answer(work: () => Answers): void {
  let answers: Answers;
  try {
    answers = work();
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    answers = error.message;
  }
  port.postMessage(answers);
}

// Thrown, it reaches the pool, which would wait for an answer otherwise.
port.onmessageerror = () => {
  throw new Error("a message couldn't be read");
};
