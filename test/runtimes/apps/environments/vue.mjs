// Vue's state (Pinia's too) hands out what it holds behind proxies.
import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { createPool } from "fivepoint/pool";
import { reactive, readonly, ref } from "vue";

const crop = new Uint8Array(6912).fill(99);
const landmarker = await createLandmarker();
const pool = await createPool({ size: 1 });
const want = String(landmarker.run(crop));
const finder = await createFinder();
const store = reactive({ landmarker, pool, finder });
const answers = [
  ref(landmarker).value.run(crop),
  readonly(ref(landmarker)).value.run(crop),
  store.landmarker.run(crop),
  await ref(pool).value.run(crop),
  await store.pool.run(crop),
];
const gray = { data: new Uint8Array(64 * 64), width: 64, height: 64, format: "gray" };
console.log(
  answers.every((answer) => String(answer) === want),
  store.landmarker.info.precision,
  store.pool.size,
  store.finder.find(gray).length,
);
await store.pool.dispose();
store.landmarker.dispose();
store.finder.dispose();
