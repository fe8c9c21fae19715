/** What a value calls itself, whichever realm it is of: "Uint8Array", "Response", "WebAssembly.Module", "Object" … */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

// A detached buffer is empty, and refuses views.
const view = (buffer: ArrayBufferLike, at: number, length: number) =>
  length === 0 ? new Uint8Array() : new Uint8Array(buffer, at, length);

/**
 * A plain view of the bytes of an array, undefined for anything but a `Uint8Array` or `Uint8ClampedArray`. They are told by
 * their tag, not by `instanceof`: test runners and frames hand over arrays of another realm. Plain, since a subclass
 * (such as Node's `Buffer`) may have methods of its own.
 */
export function asBytes(data: unknown): Uint8Array | undefined {
  if (!ArrayBuffer.isView(data) || !/^Uint8(Clamped)?Array$/.test(tagOf(data))) return undefined;
  return view(data.buffer, data.byteOffset, data.byteLength);
}

/** The same, or of an `ArrayBuffer`. */
export function fileBytes(data: unknown): Uint8Array | undefined {
  if (tagOf(data) !== "ArrayBuffer") return asBytes(data);
  return view(data as ArrayBuffer, 0, (data as ArrayBuffer).byteLength);
}
