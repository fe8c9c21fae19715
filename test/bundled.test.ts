/** What a process decodes and compiles: each test starts one, so that nothing is there yet. */
import { describe, expect, it } from "vitest";
import { command } from "./cli/support.ts";

/** Runs a script that finds the package, a count of compilations and a switch that makes them fail. */
async function run(script: string): Promise<unknown> {
  const prelude = `
    import { createLandmarker, createLandmarkerSync } from "fivepoint";
    let compiled = 0;
    let isFailing = false;
    const { compile, Module } = WebAssembly;
    WebAssembly.compile = async (bytes) => {
      compiled++;
      if (isFailing) throw new Error("no memory left");
      return compile(bytes);
    };
    WebAssembly.Module = new Proxy(Module, { construct: (target, args) => (compiled++, new target(...args)) });
    const reason = (promise) => promise.then(() => "none", ({ name }) => name);
  `;
  const { status, stdout, stderr } = await command(process.execPath, [
    "--input-type=module",
    "--eval",
    prelude + script,
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("createLandmarker", () => {
  it("compiles once for calls at the same time and for later ones", async () => {
    const counts = await run(`
      const three = await Promise.all([createLandmarker(), createLandmarker(), createLandmarker({ precision: "int8" })]);
      const crop = new Uint8Array(6912).fill(90);
      const isSame = String(three[0].run(crop)) === String(three[1].run(crop));
      const together = compiled;
      await createLandmarker();
      createLandmarkerSync();
      const later = compiled;
      await Promise.all([createLandmarker({ simd: "baseline" }), createLandmarker({ simd: "baseline" })]);
      console.log(JSON.stringify({ isSame, together, later, otherTier: compiled }));
    `);
    expect(counts).toEqual({ isSame: true, together: 1, later: 1, otherTier: 2 });
  });

  it("tries again after a compilation that failed", async () => {
    const results = await run(`
      isFailing = true;
      const failed = await Promise.all([reason(createLandmarker()), reason(createLandmarker())]);
      const tries = compiled;
      isFailing = false;
      await createLandmarker();
      console.log(JSON.stringify({ failed, tries, compiled }));
    `);
    expect(results).toEqual({ failed: ["Error", "Error"], tries: 1, compiled: 2 });
  });

  it("compiles nothing for options that are wrong", async () => {
    const results = await run(`
      const wrong = [
        { precision: "f16" }, { simd: "avx" }, { weights: "default" }, { module: null }, { Precision: "int8" }, null,
      ];
      const promised = await Promise.all(wrong.map((options) => reason(createLandmarker(options))));
      const thrown = wrong.map((options) => {
        try {
          createLandmarkerSync(options);
        } catch ({ name }) {
          return name;
        }
      });
      console.log(JSON.stringify({ names: [...new Set([...promised, ...thrown])], compiled }));
    `);
    expect(results).toEqual({ names: ["TypeError"], compiled: 0 });
  });
});
