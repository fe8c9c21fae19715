/** A process of `detect` (workers.ts): loads what jobs need, then does one after the other. */
import { failure, type Job, type Outcome, openJobs } from "./job.ts";
import type { FromWorker, ToWorker } from "./workers.ts";

let opening: Promise<(job: Job) => Promise<Outcome>> | undefined;

async function answer(message: ToWorker): Promise<FromWorker> {
  try {
    if ("open" in message) opening = openJobs(message.open);
    const run = await opening!;
    return "job" in message ? { outcome: await run(message.job) } : { ready: true };
  } catch (error) {
    const reason = (error as Error).message;
    return "job" in message ? { outcome: failure(message.job.path, reason) } : { failed: reason };
  }
}

// An answer that fails is one to a program that has gone; "disconnect" follows.
process.on("message", async (message: ToWorker) => process.send!(await answer(message), () => {}));
process.on("disconnect", () => process.exit());
