import { afterEach, describe, expect, it, vi } from "vitest";
import { fromBase64, fromHex, fromUtf8, toUtf8 } from "../../src/core/decode.ts";

const bytes = Uint8Array.from({ length: 1021 }, (_, i) => (i * 167) & 255);
const base64 = Buffer.from(bytes).toString("base64");
const hex = Buffer.from(bytes).toString("hex");

const methods = Uint8Array as { fromBase64?: unknown; fromHex?: unknown };
const own = { fromBase64: methods.fromBase64, fromHex: methods.fromHex };

describe.each(["Uint8Array's methods", "Node's Buffer", "neither"])("with %s", (engine) => {
  afterEach(() => {
    Object.assign(methods, own);
    vi.unstubAllGlobals();
  });

  it("decodes base64 and hexadecimal digits", () => {
    const method = vi.fn(() => bytes);
    methods.fromBase64 = methods.fromHex = engine === "Uint8Array's methods" ? method : undefined;
    const buffer = { from: vi.fn(Buffer.from) };
    vi.stubGlobal("Buffer", engine === "neither" ? undefined : buffer);
    const got = [fromBase64(base64), fromHex(hex)];
    vi.unstubAllGlobals();
    for (const decoded of got) {
      expect(Object.getPrototypeOf(decoded)).toBe(Uint8Array.prototype);
      expect(Array.from(decoded)).toEqual(Array.from(bytes));
    }
    expect(method).toHaveBeenCalledTimes(engine === "Uint8Array's methods" ? 2 : 0);
    expect(buffer.from).toHaveBeenCalledTimes(engine === "Node's Buffer" ? 2 : 0);
  });
});

describe.each(["with", "without"])("%s TextDecoder", (given) => {
  afterEach(() => vi.unstubAllGlobals());
  const decode = (encoded: Uint8Array) => {
    if (given === "without") vi.stubGlobal("TextDecoder", undefined);
    return fromUtf8(encoded);
  };

  it("decodes UTF-8, of which Node's own encoder is the proof", () => {
    for (const text of ["", "{}", "100 % °é€😀\u0000\u{10ffff}", "\ufeff{}"]) {
      const encoded = new Uint8Array(Buffer.from(text));
      expect(toUtf8(text)).toEqual(encoded);
      expect(decode(encoded)).toBe(text);
    }
  });

  it.each([[0x80], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff]])(
    "refuses what isn't UTF-8: %i …",
    (...values) => {
      expect(() => decode(Uint8Array.from(values))).toThrow();
    },
  );
});
