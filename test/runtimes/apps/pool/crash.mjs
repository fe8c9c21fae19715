// A worker that fails at what no pool would send it.
import { createPool } from "fivepoint/pool";
import { send } from "../browser/send.mjs";

const workers = [];
globalThis.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    workers.push(this);
  }
};

async function crash() {
  const pool = await createPool({ size: 1 });
  const crop = new Uint8Array(6912);
  const message = (error) => error.message;
  workers[0].postMessage({ crops: 7 });
  const lost = await pool.run(crop).catch(message);
  const { length } = await pool.run(crop);
  const pending = pool.run(crop).catch(message);
  await pool.dispose();
  return { lost, length, pending: await pending, workers: workers.length };
}
send(crash());
