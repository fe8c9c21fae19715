import * as faceapi from "@vladmandic/face-api";

// face-api's own landmarks: 68 points by the tiny one of its two networks, whose weights are in its npm package.
export async function create({ faceApi }) {
  await faceapi.tf.ready();
  const network = faceapi.nets.faceLandmark68TinyNet;
  network.loadFromWeightMap(faceapi.tf.io.decodeWeights(faceApi.weights, faceApi.manifest));
  return async (crop) => {
    const image = faceapi.tf.tensor3d(Int32Array.from(crop), [48, 48, 3], "int32");
    const { relativePositions } = await network.detectLandmarks(image);
    image.dispose();
    return relativePositions.flatMap(({ x, y }) => [x, y]);
  };
}
