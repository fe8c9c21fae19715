/** The slim entry: modules and weights in every form that a caller may have them in. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { runInNewContext } from "node:vm";
import { createLandmarkerSync } from "fivepoint";
import { createLandmarker, type SlimOptions, WeightsError } from "fivepoint/slim";
import { fetch as libraryFetch } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const moduleBytes = new Uint8Array(readFileSync("dist/model.wasm"));
const weights = new Uint8Array(readFileSync("dist/weights.safetensors"));
const crop = Uint8Array.from({ length: 6912 }, (_, i) => (i * 73) & 255);
const want = createLandmarkerSync({ simd: "baseline" }).run(crop);

/** What many servers give in place of a file that they lack. */
const PAGE = "<!doctype html><title>Home</title>";

let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer(({ url }, response) => {
    const { pathname, searchParams } = new URL(url!, "http://localhost");
    const body = { "/model.wasm": moduleBytes, "/weights": weights, "/page": PAGE }[pathname];
    const type = searchParams.get("type") ?? "text/plain";
    if (pathname === "/cut") {
      response.writeHead(200, { "content-type": type, "content-length": 999 });
      response.write("\0asm", () => response.destroy());
      return;
    }
    response.writeHead(body ? 200 : 404, { "content-type": type });
    response.end(body ?? "not here");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

/** An address whose class isn't this realm's `URL`, as in test runners with a DOM. */
const foreignUrl = (address: string) =>
  ({ [Symbol.toStringTag]: "URL", toString: () => address }) as unknown as URL;

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
    [
      "a module and an address of another realm",
      () => runInNewContext("new WebAssembly.Module(bytes)", { bytes: moduleBytes }),
      () => foreignUrl(`${origin}/weights`),
    ],
    [
      "a library's responses",
      () => libraryFetch(origin + wasm) as unknown as Promise<Response>,
      () => libraryFetch(`${origin}/weights`) as unknown as Promise<Response>,
    ],
  ])("takes %s", async (_, module, file) => {
    const landmarker = await createLandmarker({ module: module(), weights: file() });
    expect(landmarker.info.simd).toBe("baseline");
    expect(landmarker.run(crop)).toEqual(want);
  });

  it.each<[string, () => unknown, ErrorConstructor | typeof WeightsError, RegExp]>([
    ["no options", () => undefined, TypeError, /options\.module, but received undefined/],
    ["no weights", () => ({ module: moduleBytes }), TypeError, /options\.weights, but received undefined/],
    [
      "a number",
      () => ({ module: 7, weights }),
      TypeError,
      /an address or a Response for options\.module.* 7/,
    ],
    [
      "a module that the server lacks",
      () => ({ module: `${origin}/nothing`, weights }),
      Error,
      /options\.module: .* 404 for http.*nothing/,
    ],
    [
      "weights that the server lacks",
      () => ({ module: moduleBytes, weights: `${origin}/nothing` }),
      Error,
      /options\.weights: .* 404 for http.*nothing/,
    ],
    [
      "a page in place of the module",
      () => ({ module: `${origin}/page?type=text/html`, weights }),
      TypeError,
      /^options\.module \(text\/html from http.*\/page.*\) can't be compiled: .*magic/,
    ],
    [
      "a page that is called wasm",
      () => ({ module: fetch(`${origin}/page?type=application/wasm`), weights }),
      TypeError,
      /^options\.module \(application\/wasm from http.*\/page.*\) can't be compiled: .*magic/,
    ],
    [
      "a page in place of the weights",
      () => ({ module: moduleBytes, weights: `${origin}/page?type=text/html` }),
      WeightsError,
      /safetensors header.*\(text\/html from http.*\/page/,
    ],
    [
      "a module that breaks off",
      () => ({ module: `${origin}/cut?type=application/wasm`, weights }),
      TypeError,
      /^options\.module \(application\/wasm from http.*\/cut.*\) can't be compiled: ./,
    ],
    [
      "weights that break off",
      () => ({ module: moduleBytes, weights: `${origin}/cut` }),
      Error,
      /^options\.weights \(text\/plain from http.*\/cut\) can't be read: ./,
    ],
    ["cut weights", () => ({ module: moduleBytes, weights: weights.subarray(0, 999) }), WeightsError, /cut/],
    [
      "bytes that are no module",
      () => ({ module: Uint8Array.of(1, 2, 3), weights }),
      TypeError,
      /^options\.module can't be compiled: ./,
    ],
    [
      "a file's address",
      () => ({ module: new URL("file:///x/model.wasm"), weights }),
      Error,
      /^options\.module: file:\/\/\/x\/model\.wasm can't be fetched: .*readFile/,
    ],
    [
      "half an address",
      () => ({ module: moduleBytes, weights: "/weights.safetensors" }),
      Error,
      /^options\.weights: \/weights\.safetensors can't be fetched: .*URL/,
    ],
    [
      "a server that isn't there",
      () => ({ module: "http://127.0.0.1:1/model.wasm", weights }),
      Error,
      /^options\.module: http:\/\/127\.0\.0\.1:1\/model\.wasm can't be fetched: (?!fetch failed)./,
    ],
    [
      "a fetch of the caller's that fails",
      () => ({ module: fetch("http://127.0.0.1:1/"), weights }),
      Error,
      /^options\.module: it can't be fetched: (?!fetch failed)./,
    ],
    [
      "a response that was read",
      async () => {
        const response = await fetch(`${origin}/weights`);
        await response.arrayBuffer();
        return { module: moduleBytes, weights: response };
      },
      TypeError,
      /options\.weights: this Response has been read before/,
    ],
  ])("says what is missing or wrong: %s", async (_, options, type, message) => {
    const error = await createLandmarker((await options()) as SlimOptions).then(
      () => expect.fail("not refused"),
      (error) => error as Error,
    );
    expect(error.message).toMatch(message);
    expect(Object.getPrototypeOf(error)).toBe(type.prototype);
  });

  it("says so where the engine has no SIMD", async () => {
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    await expect(createLandmarker({ module: moduleBytes, weights })).rejects.toThrow(
      /support WebAssembly SIMD/,
    );
    validate.mockRestore();
  });
});
