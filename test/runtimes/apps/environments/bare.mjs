// Where there is no WebAssembly (node --jitless, iOS in Lockdown Mode): what each way to it says.
import { createLandmarker, createLandmarkerSync } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { createPool } from "fivepoint/pool";
import { createLandmarker as createSlim } from "fivepoint/slim";

const bytes = new Uint8Array(8);
const said = async (make) => {
  try {
    await make();
  } catch (error) {
    return String(error);
  }
};
for (const make of [
  () => createLandmarker(),
  () => createLandmarkerSync(),
  () => createPool(),
  () => createFinder(),
  () => createSlim({ module: bytes, weights: bytes }),
])
  console.log(await said(make));
