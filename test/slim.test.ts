/** The slim entry: modules and weights in every form that a caller may have them in. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createLandmarkerSync } from "fivepoint";
import { createLandmarker, type SlimOptions, WeightsError } from "fivepoint/slim";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const moduleBytes = new Uint8Array(readFileSync("dist/model.wasm"));
const weights = new Uint8Array(readFileSync("dist/weights.safetensors"));
const crop = Uint8Array.from({ length: 6912 }, (_, i) => (i * 73) & 255);
const want = createLandmarkerSync({ simd: "baseline" }).run(crop);

let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer(({ url }, response) => {
    const { pathname, searchParams } = new URL(url!, "http://localhost");
    const body = { "/model.wasm": moduleBytes, "/weights": weights }[pathname];
    response.writeHead(body ? 200 : 404, { "content-type": searchParams.get("type") ?? "text/plain" });
    response.end(body ?? "not here");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

describe("slim", () => {
  const wasm = "/model.wasm?type=application/wasm";
  it.each<[string, () => SlimOptions["module"], () => SlimOptions["weights"]]>([
    ["bytes", () => moduleBytes, () => weights],
    ["ArrayBuffers", () => moduleBytes.slice().buffer, () => weights.slice().buffer],
    ["a compiled module", () => new WebAssembly.Module(moduleBytes), () => weights],
    ["addresses", () => origin + wasm, () => new URL("/weights", origin)],
    [
      "responses, the module compiled while it arrives",
      () => fetch(origin + wasm),
      () => fetch(`${origin}/weights`),
    ],
    [
      "a response of the wrong type",
      () => fetch(`${origin}/model.wasm?type=application/octet-stream`),
      () => weights,
    ],
    ["a response with a type and a charset", () => fetch(`${origin + wasm};charset=utf-8`), () => weights],
  ])("takes %s", async (_, module, file) => {
    const landmarker = await createLandmarker({ module: module(), weights: file() });
    expect(landmarker.info.simd).toBe("baseline");
    expect(landmarker.run(crop)).toEqual(want);
  });

  it("says what is missing or wrong", async () => {
    const make = (options: unknown) => createLandmarker(options as SlimOptions);
    await expect(make(undefined)).rejects.toThrow(/options\.module, but received undefined/);
    await expect(make({ module: moduleBytes })).rejects.toThrow(/options\.weights, but received undefined/);
    await expect(make({ module: 7, weights })).rejects.toThrow(TypeError);
    await expect(make({ module: `${origin}/nothing`, weights })).rejects.toThrow(/options\.module: .* 404/);
    await expect(make({ module: moduleBytes, weights: `${origin}/nothing` })).rejects.toThrow(
      /options\.weights: .* 404/,
    );
    await expect(make({ module: moduleBytes, weights: weights.subarray(0, 999) })).rejects.toThrow(
      WeightsError,
    );
    await expect(make({ module: Uint8Array.of(1, 2, 3), weights })).rejects.toThrow(WebAssembly.CompileError);
  });
});
