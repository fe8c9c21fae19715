/** The measurements of a full run, each over every contender that can be had. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import golden from "../test/fixtures/golden.json" with { type: "json" };
import { type Contender, type Field, major, NODES } from "./contenders/field.ts";
import type { Host } from "./hosts/host.ts";
import { BUILD } from "./prepare.ts";
import { type Timing, timeRounds } from "./rounds.ts";
import type { Start } from "./session.ts";
import { median } from "./statistics.ts";

export interface Row {
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly engine: string;
  /** Distance from the float64 answers over 16 crops. */
  readonly meanError: number;
  readonly maxError: number;
  /** By faces per call. */
  readonly timings: Record<number, Timing>;
  readonly start: Start;
}

export interface Measured {
  readonly rows: readonly Row[];
  /** fivepoint's start in milliseconds, from import to first face, phase by phase. */
  readonly phases: readonly { readonly name: string; readonly ms: Record<string, number> }[];
  /** Who isn't in the tables, and why. */
  readonly leftOut: readonly (readonly [key: string, reason: string])[];
  /** Microseconds per face in fivepoint's f32, for 1 … 64 faces per call. */
  readonly counts: readonly number[];
  /** `detect` on a photo of 12 megapixels ÷ `run` on the ready crop, by the height of the face's box. */
  readonly photo: readonly { readonly face: number; readonly ratio: number; readonly us: number }[];
}

const COUNTS = [1, 4, 16, 64] as const;
/** No network of so few bits comes so near to the float64 answers. */
const FLOAT_ERROR = 1e-5;
export const STARTS = 9;
const progress = (text: string) => console.error(text);

/** Opens a contender and proves that it computes the same network. */
export async function admit(
  contender: Contender,
): Promise<{ host: Host; meanError: number; maxError: number }> {
  const host = await contender.open();
  try {
    const expected = golden.landmarks.flat();
    const answers = await host.answers(golden.landmarks.length);
    if (answers.length !== expected.length) throw new Error(`it gave ${answers.length} numbers`);
    const distances = answers.map((value, i) => Math.abs(value - expected[i]!));
    const maxError = Math.max(...distances);
    const meanError = distances.reduce((a, b) => a + b, 0) / distances.length;
    if (!(meanError <= contender.tolerance)) {
      throw new Error(
        `its answers are ${meanError.toPrecision(2)} off on average, so it isn't the same network`,
      );
    }
    if (contender.precision !== "f32" && meanError < FLOAT_ERROR) {
      throw new Error(
        `its answers are those of float arithmetic, so it doesn't compute in ${contender.precision}`,
      );
    }
    return { host, meanError, maxError };
  } catch (error) {
    await host.close();
    throw error;
  }
}

export async function measureAll(
  field: Field,
  peers: readonly string[] | undefined,
  missing: ReadonlyMap<string, string>,
  rounds: number,
): Promise<Measured> {
  const hosts = new Map<string, Host>();
  const admitted = new Map<string, { contender: Contender; meanError: number; maxError: number }>();
  const leftOut: [string, string][] = [];
  for (const contender of field.contenders) {
    const { key, name, precision } = contender;
    if (peers && name !== "fivepoint" && !peers.includes(name)) continue;
    const quantised = name !== "fivepoint" && (precision === "int8" || precision === "qlinear");
    const reason = missing.get(name) ?? (quantised ? missing.get("int8") : undefined);
    try {
      if (reason !== undefined) throw new Error(reason);
      const { host, ...errors } = await admit(contender);
      hosts.set(key, host);
      admitted.set(key, { contender, ...errors });
      progress(`in:  ${key}, ${host.version}`);
    } catch (error) {
      leftOut.push([key, (error as Error).message.split("\n")[0]!]);
      progress(`out: ${key}: ${(error as Error).message}`);
    }
  }

  const timings: Record<number, Map<string, Timing>> = {};
  for (const count of COUNTS) {
    progress(`${count === 1 ? "one face" : `${count} faces`} per call, ${rounds} rounds …`);
    timings[count] = await timeRounds(hosts, count, rounds, count < 64 ? 40 : 60);
  }

  progress("every count from 1 to 64 …");
  const own = field.contenders.find(({ name }) => name === "fivepoint")!;
  const counts: number[] = [];
  for (let count = 1; count <= 64; count++) {
    const times = await timeRounds(new Map([[own.key, hosts.get(own.key)!]]), count, 3, 10);
    counts.push(times.get(own.key)!.p50);
  }

  progress("detect on a photo of 12 megapixels …");
  const photo = [];
  for (const face of [150, 300, 600, 1200]) {
    const detect = await own.open(face);
    const pair = new Map([
      ["run", hosts.get(own.key)!],
      ["detect", detect],
    ]);
    const times = await timeRounds(pair, 1, rounds, 40);
    const detected = times.get("detect")!;
    const ratios = detected.rounds.map((us, i) => us / times.get("run")!.rounds[i]!);
    photo.push({ face, ratio: median(ratios), us: detected.p50 });
    await detect.close();
  }

  progress(`${STARTS} fresh starts each …`);
  const starts = new Map<string, Start[]>([...hosts].map(([key]) => [key, []]));
  for (let i = 0; i < STARTS; i++) {
    for (const [key, { contender }] of admitted) {
      const host = await contender.open();
      starts.get(key)!.push(host.start);
      await host.close();
    }
  }

  const phases = [];
  for (const node of NODES) {
    for (const precision of ["f32", "int8"]) {
      const name = `fivepoint ${precision} · Node ${major(node)}`;
      if (!admitted.has(name)) continue;
      const runs: Record<string, number>[] = [];
      for (let i = 0; i < STARTS; i++) {
        const script = [join(BUILD, "node/start.js"), JSON.stringify({ precision })];
        runs.push(JSON.parse(execFileSync(node, script, { encoding: "utf8" })));
      }
      const ms = Object.fromEntries(
        Object.keys(runs[0]!).map((phase) => [phase, median(runs.map((run) => run[phase]!))]),
      );
      phases.push({ name, ms });
    }
  }

  const rows = [...admitted].map(([key, { contender, meanError, maxError }]): Row => {
    const host = hosts.get(key)!;
    const phase = (name: keyof Start) => median(starts.get(key)!.map((start) => start[name]));
    return {
      key,
      name: contender.name,
      version: host.version,
      engine: host.engine,
      meanError,
      maxError,
      timings: Object.fromEntries(COUNTS.map((count) => [count, timings[count]!.get(key)!])),
      start: { load: phase("load"), create: phase("create"), first: phase("first") },
    };
  });
  for (const host of hosts.values()) await host.close();
  return { rows, leftOut, counts, photo, phases };
}
