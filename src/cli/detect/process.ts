/** A process of `detect` (processes.ts): loads what jobs need, then does one after the other. */
import { type Job, type Outcome, openJobs } from "./job.ts";
import type { Answer, Request } from "./processes.ts";

let run: (job: Job) => Promise<Outcome>;

async function answer(request: Request): Promise<Answer> {
  try {
    if ("job" in request) return { outcome: await run(request.job) };
    run = await openJobs(request.open);
    return { outcome: undefined };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

// An answer that fails is one to a program that has gone; "disconnect" follows.
process.on("message", async (request: Request) => process.send!(await answer(request), () => {}));
process.on("disconnect", () => process.exit());
