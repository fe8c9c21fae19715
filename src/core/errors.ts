/** A weights file that can't be used: cut, malformed, of another network. Says which tensor or byte, and why. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}

/** `expected(TypeError, "count", "a whole number of at least 1", 2.5)` → the error to throw. */
export function expected(
  type: typeof TypeError | typeof RangeError,
  argument: string,
  wanted: string,
  received: unknown,
): TypeError | RangeError {
  return new type(`Expected ${wanted} for ${argument}, but received ${describe(received)}.`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (value === null || typeof value !== "object") return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer of ${value.byteLength} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length} elements`;
  return `an object of type ${value.constructor?.name ?? "Object"}`;
}
