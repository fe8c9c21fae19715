/** Who runs against whom, where. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Chromium } from "../hosts/chromium.ts";
import type { Host } from "../hosts/host.ts";
import { openProcess } from "../hosts/process.ts";
import { openWorkerd } from "../hosts/workerd.ts";
import { BUILD, MODELS, PACKAGES, PYTHON } from "../prepare.ts";
import type { Setup } from "./runner.ts";

export interface Contender {
  /** Unique, as in the tables: `fivepoint f32 · Node 24`. */
  readonly key: string;
  readonly name: string;
  readonly precision: Setup["precision"] | "bf16";
  /** Mean distance from the float64 answers, in 0..1, that still counts as the same network. */
  readonly tolerance: number;
  /** One of devDependencies, or the package itself: the guard takes only these. */
  readonly local: boolean;
  open(face?: number): Promise<Host>;
}

/** The machine's own Node, where it is another than the one that runs this. */
function machineNode(): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const node = join(folder, "node");
    if (folder.includes("node_modules") || !existsSync(node)) continue;
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    if (version.split(".")[0] !== process.version.split(".")[0]) return node;
  }
  return undefined;
}

export const major = (node: string) =>
  execFileSync(node, ["--version"], { encoding: "utf8" }).slice(1).split(".")[0];

/** The Node that runs this and the machine's own. */
export const NODES = [process.execPath, machineNode()].filter((node) => node !== undefined);

/** Float answers differ in the last digits; bfloat16 and int8 ones by what so few bits hold. */
const TOLERANCE = { f32: 1e-5, bf16: 0.01, int8: 0.03, qlinear: 0.03 };

export class Field {
  readonly contenders: Contender[] = [];
  #chromium: Promise<Chromium> | undefined;

  constructor() {
    for (const node of NODES) {
      const place = `Node ${major(node)}`;
      this.#node(node, place, "fivepoint", "f32");
      this.#node(node, place, "fivepoint", "int8");
      if (node === process.execPath) this.#node(node, place, "fivepoint", "f32", "baseline");
      this.#node(node, place, "onnxruntime-node", "f32");
      this.#node(node, place, "onnxruntime-node", "int8");
      this.#node(node, place, "onnxruntime-node", "qlinear");
      this.#node(node, place, "onnxruntime-web", "f32");
    }
    this.#node(process.execPath, `Node ${major(process.execPath)}`, "tfjs", "f32");
    for (const precision of ["f32", "bf16", "int8"] as const) this.#python("openvino", precision);
    // As on a CPU without AVX-512, which most people's are: the one native runtime that can be told so.
    for (const precision of ["f32", "int8"] as const) this.#python("openvino", precision, "AVX2");
    this.#python("ncnn", "f32");
    this.#python("xnnpack", "f32");
    this.#page("fivepoint", "f32");
    this.#page("fivepoint", "int8");
    this.#page("onnxruntime-web", "f32");
    this.#page("litert", "f32");
    for (const precision of ["f32", "int8"] as const) {
      this.#add("workerd", "fivepoint", precision, true, () => openWorkerd(join(BUILD, "worker"), precision));
    }
  }

  async close(): Promise<void> {
    await (await this.#chromium)?.close();
  }

  #add(
    place: string,
    name: string,
    precision: Contender["precision"],
    local: boolean,
    open: Contender["open"],
    tier = "",
  ): void {
    const key = `${name} ${precision}${tier && ` ${tier}`} · ${place}`;
    this.contenders.push({ key, name, precision, tolerance: TOLERANCE[precision], local, open });
  }

  #node(
    node: string,
    place: string,
    name: string,
    precision: Setup["precision"],
    simd: "auto" | "baseline" = "auto",
  ): void {
    const local = name !== "tfjs" && (name === "fivepoint" || precision === "f32");
    const open = (face?: number) => {
      const setup: Setup = { precision, simd, models: MODELS, packages: PACKAGES, ...(face && { face }) };
      return openProcess(node, [join(BUILD, "node/child.js"), JSON.stringify({ contender: name, setup })]);
    };
    this.#add(place, name, precision, local, open, simd === "auto" ? "" : simd);
  }

  #python(name: string, precision: Contender["precision"], instructions = ""): void {
    const script = join(import.meta.dirname, "peers.py");
    const variables = instructions && { ONEDNN_MAX_CPU_ISA: instructions };
    const open = () =>
      openProcess(
        PYTHON,
        [script, JSON.stringify({ contender: name, precision, models: MODELS })],
        variables || {},
      );
    this.#add("Python", name, precision, false, open, instructions);
  }

  #page(name: string, precision: Setup["precision"]): void {
    this.#add("Chromium", name, precision, name !== "litert", async () => {
      this.#chromium ??= Chromium.launch(join(BUILD, "page"));
      return (await this.#chromium).open(name, { precision });
    });
  }
}
