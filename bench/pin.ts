import { spawnSync } from "node:child_process";

/** Keeps this process, and all that it starts from then on, on one core: only Linux can. */
export const pinTo = (core: number): boolean =>
  process.platform === "linux" && spawnSync("taskset", ["-cp", `${core}`, `${process.pid}`]).status === 0;
