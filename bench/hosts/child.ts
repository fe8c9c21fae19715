/** A contender in a Node process: a line of JSON on standard input is a command, one on standard output its answer. */
import { createInterface } from "node:readline";
import type { Create, Setup } from "../contenders/runner.ts";
import { Session } from "../session.ts";

const contenders: Record<string, () => Promise<{ create: Create }>> = {
  fivepoint: () => import("../contenders/fivepoint.ts"),
  "onnxruntime-node": () => import("../contenders/onnxruntime-node.ts"),
  "onnxruntime-web": () => import("../contenders/onnxruntime-web.ts"),
  tfjs: () => import("../contenders/tfjs.ts"),
};

const { contender, setup } = JSON.parse(process.argv[2]!) as { contender: string; setup: Setup };
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const session = await Session.open(contenders[contender]!, setup, `Node ${process.versions.node}`);
say(session.opened);
for await (const line of createInterface({ input: process.stdin })) {
  const { op, count, ms } = JSON.parse(line);
  say(op === "time" ? await session.time(count, ms) : await session.answers(count));
}
