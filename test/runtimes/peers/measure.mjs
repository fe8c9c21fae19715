// What each package is asked in each runtime.

/** What the apps are given, from the JSON that every runtime can read: bytes are base64 there. */
export function unpack({ onnx, crop, tensors, faceApi }) {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return {
    onnx: bytes(onnx),
    crop: bytes(crop),
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, values }]) => [
        name,
        { shape, values: new Float32Array(bytes(values).buffer) },
      ]),
    ),
    faceApi: { manifest: faceApi.manifest, weights: bytes(faceApi.weights).buffer },
  };
}

/** BGR bytes, pixel by pixel, as three planes of floats. */
export function planar(crop) {
  const plane = crop.length / 3;
  return Float32Array.from(crop, (_, i) => crop[3 * (i % plane) + Math.floor(i / plane)]);
}

/** What was thrown, in a line: browsers throw events, too. */
export const say = (thrown) =>
  thrown instanceof Error ? String(thrown).split("\n")[0] : `an event: ${thrown.type ?? thrown}`;

/** `coldMs` is from the import of the app, and with it of the package, to the first face. */
export async function measure(load, given, options) {
  const start = performance.now();
  const { create } = await load();
  const run = await create(given, options);
  const landmarks = [...(await run(given.crop))];
  const coldMs = performance.now() - start;
  const time = async (calls) => {
    const from = performance.now();
    for (let i = 0; i < calls; i++) await run(given.crop);
    return (performance.now() - from) / calls;
  };
  const calls = Math.ceil(30 / (await time(3)));
  const rounds = [];
  for (let round = 0; round < 15; round++) rounds.push(await time(calls));
  return { landmarks, coldMs, faceMs: Math.min(...rounds) };
}
