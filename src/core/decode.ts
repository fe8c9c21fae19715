type Decode = (text: string) => Uint8Array<ArrayBuffer>;
type NodeBuffer = { from: (text: string, encoding: "base64" | "hex") => Uint8Array<ArrayBuffer> };

const nodeBuffer = () => (globalThis as { Buffer?: NodeBuffer }).Buffer;

/** Decodes base64, which weights are embedded as, by the engine's own decoder. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as { fromBase64?: Decode };
  if (fromBase64) return fromBase64.call(Uint8Array, text);
  return nodeBuffer()?.from(text, "base64") ?? Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/** Decodes hexadecimal digits, which modules are embedded as: gzip finds repeated code in them, in base64 it doesn't. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const { fromHex } = Uint8Array as { fromHex?: Decode };
  if (fromHex) return fromHex.call(Uint8Array, text);
  const byte = (_: unknown, i: number) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return nodeBuffer()?.from(text, "hex") ?? Uint8Array.from({ length: text.length / 2 }, byte);
}
