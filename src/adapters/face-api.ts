/**
 * Faces by face-api's tiny face detector (`@vladmandic/face-api`, MIT; its npm package carries the model, 190 KB).
 * The caller imports and loads face-api; this module only speaks to it.
 */
import { checkImage, FORMATS } from "../core/image.ts";
import type { Box, ImageLike } from "../core/types.ts";
import { type DetectedBox, fromFaceApi } from "./boxes.ts";

/** Finds the faces of an image: boxes for the landmark network, best first. */
export type FaceDetector = (image: ImageLike) => Promise<DetectedBox[]>;

/** The part of face-api that is used: `import * as faceapi from "@vladmandic/face-api"` is one. */
export interface FaceApi {
  readonly tf: {
    tensor3d(values: Int32Array, shape: [number, number, number], type: "int32"): { dispose(): void };
  };
  readonly TinyFaceDetectorOptions: new (options: { inputSize: number; scoreThreshold: number }) => unknown;
  // `never` accepts whatever face-api's own types ask for.
  detectAllFaces(
    input: never,
    options: never,
  ): PromiseLike<readonly { readonly score: number; readonly box: Box }[]>;
}

export interface FaceApiDetectorOptions {
  /** Side of the square that the image is scaled to, a multiple of 32; default 416. Larger finds smaller faces. */
  readonly inputSize?: number | undefined;
  /** Least confidence of a face, 0..1; default 0.5. */
  readonly scoreThreshold?: number | undefined;
}

/**
 * A detector over face-api, whose `nets.tinyFaceDetector` must be loaded:
 *
 * ```js
 * import * as faceapi from "@vladmandic/face-api";
 * await faceapi.nets.tinyFaceDetector.loadFromUri("/models");
 * const findFaces = faceApiDetector(faceapi);
 * const faces = landmarker.detectAll(image, await findFaces(image));
 * ```
 * The detector rejects with a TypeError or RangeError for an image that can't be read.
 */
export function faceApiDetector(faceapi: FaceApi, options: FaceApiDetectorOptions = {}): FaceDetector {
  const { inputSize = 416, scoreThreshold = 0.5 } = options;
  return async (image) => {
    const { data, width, height, format, stride } = checkImage(image);
    const [bytes, blue, green, red] = FORMATS[format];
    const rgb = new Int32Array(width * height * 3);
    for (let y = 0, to = 0; y < height; y++) {
      for (let from = y * stride; from < y * stride + width * bytes; from += bytes) {
        rgb[to++] = data[from + red]!;
        rgb[to++] = data[from + green]!;
        rgb[to++] = data[from + blue]!;
      }
    }
    const tensor = faceapi.tf.tensor3d(rgb, [height, width, 3], "int32");
    try {
      const found = await faceapi.detectAllFaces(
        tensor as never,
        new faceapi.TinyFaceDetectorOptions({ inputSize, scoreThreshold }) as never,
      );
      return fromFaceApi(found);
    } finally {
      tensor.dispose();
    }
  };
}
