/** What a contender offers to the timing loop; each file of this folder makes one. */
export interface Runner {
  /** Name and version of what runs. */
  readonly version: string;
  /** Lays the input out as the runtime likes it, outside the timing. */
  prepare(crops: Uint8Array, count: number): Call | Promise<Call>;
}

export interface Call {
  /** Computes the landmarks: this is what is timed. */
  run(): unknown;
  /** The ten numbers a face in what `run` gave. */
  read(result: never): ArrayLike<number> | Promise<ArrayLike<number>>;
}

export interface Setup {
  /** `int8` is QDQ in the models of others, `qlinear` the form with quantised operators. */
  readonly precision: "f32" | "int8" | "qlinear";
  readonly simd?: "auto" | "baseline" | "relaxed";
  /** Where the network's files lie: a folder, or a URL in a page. */
  readonly models: string;
  /** Where the packages that aren't devDependencies lie. */
  readonly packages: string;
  /** For fivepoint: `detect` in place of `run`, on a photo of 12 megapixels with a face of this height. */
  readonly face?: number;
}

export type Create = (setup: Setup) => Promise<Runner>;

/** u8 [count][48][48][3] → f32 [count][3][48][48]. */
export function planar(crops: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count * 6912);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < 2304; i++) {
      for (let c = 0; c < 3; c++) out[n * 6912 + c * 2304 + i] = crops[n * 6912 + 3 * i + c]!;
    }
  }
  return out;
}
