import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/runtimes/apps/**"],
    globalSetup: ["test/support/wasm-setup.ts"],
    tags: [{ name: "slow", description: "Takes seconds of the processor: test:quick leaves it out" }],
    maxWorkers: "100%", // by default one fewer than cores, which is half of a small machine
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
