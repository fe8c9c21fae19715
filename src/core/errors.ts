/** A weights file that can't be used: cut, malformed, of another network. Says which tensor or byte, and why. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}

/** Each weight is finite, as is seen to where they are loaded, but what they make of an image isn't. */
export const overflow = (): WeightsError =>
  new WeightsError("These weights are too large: the network overflows.");

/** Names as an error lists them: `"a", "b"`. */
export const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

/** `expected(TypeError, "count", "a whole number of at least 1", 2.5)` → the error to throw. */
export function expected(
  type: typeof TypeError | typeof RangeError,
  argument: string,
  wanted: string,
  received: unknown,
): TypeError | RangeError {
  return new type(`Expected ${wanted} for ${argument}, but received ${describe(received)}.`);
}

/** @throws TypeError unless `options`, called `argument`, is left out or an object with no other keys than `names` */
export function checkOptions(
  options: object | undefined,
  names: readonly string[],
  argument = "options",
): void {
  if (options === undefined) return;
  const wanted = names.join(", ");
  if (typeof options !== "object" || options === null)
    throw expected(TypeError, argument, `an object (${wanted})`, options);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw expected(TypeError, argument, `no other keys than ${wanted}`, unknown);
}

export type Check = readonly [wanted: string, holds: (value: number) => boolean];

/** For `checkNumber`: what scores may be. */
export const SHARE: Check = ["a number in 0..1", (v) => v >= 0 && v <= 1];

/** @throws TypeError unless it is a number, RangeError unless it is one that is wanted */
export function checkNumber(argument: string, value: number, ...[wanted, holds]: Check): void {
  if (typeof value !== "number") throw expected(TypeError, argument, wanted, value);
  if (!holds(value)) throw expected(RangeError, argument, wanted, value);
}

function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (value === null || typeof value !== "object") return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer of ${value.byteLength} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length} elements`;
  // Our classes' tags: their names are shortened in what ships.
  const tag = (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  return `an object of type ${tag ?? value.constructor?.name ?? "Object"}`;
}
