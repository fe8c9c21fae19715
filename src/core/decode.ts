type Decode = (text: string) => Uint8Array<ArrayBuffer>;
type NodeBuffer = { from: (text: string, encoding: "base64" | "hex") => Uint8Array<ArrayBuffer> };

/** Decodes by Node's own decoder, where there is one, to a plain array of this realm: test runners' `Buffer` is of another. */
function byNode(text: string, encoding: "base64" | "hex"): Uint8Array<ArrayBuffer> | undefined {
  const bytes = (globalThis as { Buffer?: NodeBuffer }).Buffer?.from(text, encoding);
  return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Decodes base64, which weights are embedded as, by the engine's own decoder. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as { fromBase64?: Decode };
  if (fromBase64) return fromBase64.call(Uint8Array, text);
  return byNode(text, "base64") ?? Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/** Decodes hexadecimal digits, which modules are embedded as: gzip finds repeated code in them, in base64 it doesn't. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const { fromHex } = Uint8Array as { fromHex?: Decode };
  if (fromHex) return fromHex.call(Uint8Array, text);
  const byte = (_: unknown, i: number) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return byNode(text, "hex") ?? Uint8Array.from({ length: text.length / 2 }, byte);
}

/**
 * Decodes UTF-8 strictly; by the language alone where there is no `TextDecoder`, as in Jest's DOM.
 * @throws TypeError, URIError when it isn't UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  if (typeof TextDecoder !== "undefined") {
    // A copy: browsers decode no shared memory.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.slice());
  }
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`);
  return decodeURIComponent(escaped.join(""));
}

/** Encodes a text without lone surrogates as UTF-8. */
export const toUtf8 = (text: string): Uint8Array =>
  Uint8Array.from(encodeURIComponent(text).match(/%..|./g) ?? [], (unit) =>
    unit.length === 1 ? unit.charCodeAt(0) : Number.parseInt(unit.slice(1), 16),
  );
