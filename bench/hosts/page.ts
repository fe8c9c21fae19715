/** A contender in a page: chromium.ts calls these two functions. */
import type { Create } from "../contenders/runner.ts";
import { Session } from "../session.ts";
import type { Page } from "./chromium.ts";

const contenders: Record<string, () => Promise<{ create: Create }>> = {
  fivepoint: () => import("../contenders/fivepoint.ts"),
  "onnxruntime-web": () => import("../contenders/onnxruntime-web.ts"),
  litert: () => import("../contenders/litert.ts"),
};
let session: Session;

const page: Page = {
  async openContender(contender, setup) {
    session = await Session.open(contenders[contender]!, setup, "");
    return session.opened;
  },
  // A sample lasts a millisecond at least: the clock ticks every 5 µs.
  askContender: (op, count, ms) => (op === "time" ? session.time(count, ms, 1000) : session.answers(count)),
};
Object.assign(globalThis, page);
