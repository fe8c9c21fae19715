// Vue's state (Pinia's too) hands out what it holds behind proxies.
import { createLandmarker } from "fivepoint";
import { createPool } from "fivepoint/pool";
import { reactive, readonly, ref } from "vue";

const crop = new Uint8Array(6912).fill(99);
const landmarker = await createLandmarker();
const pool = await createPool({ size: 1 });
const want = String(landmarker.run(crop));
const store = reactive({ landmarker, pool });
const answers = [
  ref(landmarker).value.run(crop),
  readonly(ref(landmarker)).value.run(crop),
  store.landmarker.run(crop),
  await ref(pool).value.run(crop),
  await store.pool.run(crop),
];
console.log(
  answers.every((answer) => String(answer) === want),
  store.landmarker.info.precision,
  store.pool.size,
);
await store.pool.dispose();
store.landmarker.dispose();
