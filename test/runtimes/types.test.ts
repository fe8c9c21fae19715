/** The packed package's types where programs don't skip the check of libraries: with and without a DOM's, in every resolution. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { HERE, installPacked, OUT, run } from "./support.ts";

beforeAll(installPacked, 600_000);

const MODULES = { node16: "node16", nodenext: "nodenext", bundler: "esnext" };

describe.each([
  ["TypeScript 5.2, the oldest that is supported", "typescript-oldest"],
  ["TypeScript 7", "typescript-newest"],
])("%s", (_, compiler) => {
  const cases = Object.entries(MODULES).flatMap(([moduleResolution, module]) =>
    [["es2022"], ["es2022", "dom"]].map((lib) => ({ moduleResolution, module, lib })),
  );
  it.each(cases)("takes them with $moduleResolution and $lib", async (options) => {
    const config = join(OUT, "tsconfig.types-test.json");
    const strict = { strict: true, skipLibCheck: false, noEmit: true, target: "es2022", types: [] };
    const files = [join(HERE, "apps/types/use.mts")];
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files }));
    const tsc = join(HERE, "node_modules", compiler, "bin/tsc");
    expect(await run(process.execPath, [tsc, "-p", config]).catch(({ stdout }) => stdout)).toBe("");
  });
});
