type Decoder = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
type NodeBuffer = { from: (text: string, encoding: "base64") => Uint8Array<ArrayBuffer> };

/** Decodes base64 by the engine's own decoder: Node's Buffer, the newer Uint8Array.fromBase64, else atob. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const buffer = (globalThis as { Buffer?: NodeBuffer }).Buffer;
  if (buffer) return buffer.from(text, "base64");
  const { fromBase64 } = Uint8Array as Decoder;
  if (fromBase64) return fromBase64(text);
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
