import { readFileSync } from "node:fs";
import { type ASUtil, instantiateSync } from "@assemblyscript/loader";
import { expect } from "vitest";

export const TIERS = ["baseline", "relaxed"] as const;
export type Tier = (typeof TIERS)[number];

type Call = (...values: number[]) => number;

const SENTINEL = 1.5e30;

/**
 * A module of test/assembly with memory to work in. Each buffer that `input` and `output` hand out has sentinels on
 * both sides; `check` fails where one changed.
 */
export class Kernels {
  readonly #exports: ASUtil & Record<string, unknown>;
  readonly #f32: Float32Array;
  readonly #buffers: { at: number; length: number }[] = [];
  #top: number;

  constructor(module: string, tier: Tier) {
    this.#exports = instantiateSync<Record<string, unknown>>(
      readFileSync(`build/test/${module}-${tier}.wasm`),
    ).exports;
    this.#f32 = new Float32Array(this.memory);
    this.#top = (this.call("arena") + 63) & ~63;
  }

  get memory(): ArrayBuffer {
    return this.#exports.memory!.buffer;
  }

  call(name: string, ...values: number[]): number {
    return (this.#exports[name] as Call)(...values);
  }

  /** A constant of assembly/landmarks/memory.ts. */
  address(name: string): number {
    return (this.#exports[name] as WebAssembly.Global).value;
  }

  floats(at: number, length: number): Float32Array {
    return this.#f32.subarray(at / 4, at / 4 + length);
  }

  #allocate(length: number): number {
    const at = this.#top + 64;
    this.#top = at + ((length * 4 + 63) & ~63);
    expect(this.#top + 64, "bytes of the arena").toBeLessThanOrEqual(this.memory.byteLength);
    this.floats(at - 64, 16).fill(SENTINEL);
    this.floats(at + length * 4, (this.#top - at) / 4 - length + 16).fill(SENTINEL);
    this.#buffers.push({ at, length });
    return at;
  }

  /** The address of a copy of `values`. */
  input(values: ArrayLike<number>): number {
    const at = this.#allocate(values.length);
    this.floats(at, values.length).set(values);
    return at;
  }

  /** The address of `length` floats, all NaN. */
  output(length: number): number {
    const at = this.#allocate(length);
    this.floats(at, length).fill(Number.NaN);
    return at;
  }

  /** Checks all sentinels and forgets the buffers. */
  check(): void {
    for (const { at, length } of this.#buffers) {
      for (const side of [this.floats(at - 64, 16), this.floats(at + length * 4, 16)]) {
        expect(
          side.every((v) => v === Math.fround(SENTINEL)),
          "sentinels beside a buffer",
        ).toBe(true);
      }
    }
    this.#buffers.length = 0;
    this.#top = (this.call("arena") + 63) & ~63;
  }
}
