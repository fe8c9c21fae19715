import type { Readable } from "node:stream";

/** For Miniflare's `handleRuntimeStdio`: the Worker's log isn't the tests'. */
export function quiet(stdout: Readable, stderr: Readable): void {
  stdout.resume();
  stderr.resume();
}
