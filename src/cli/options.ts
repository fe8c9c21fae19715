/** Values of options: how their text is read, and what is said when it can't be. */
import { InvalidArgumentError } from "commander";
import type { Box } from "fivepoint";
import { isFraction } from "../core/box.ts";

/**
 * The number that a text spells, as in JavaScript and CSV files: `2`, `-0.5`, `1e3`.
 * @returns NaN where it spells none, or none that is finite
 */
export function toNumber(text: string | undefined): number {
  const value = text?.trim() ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/** @throws InvalidArgumentError */
export function parseNumber(text: string): number {
  const value = toNumber(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError(`Expected a number, but found "${text}".`);
  return value;
}

/** @throws InvalidArgumentError */
export function parsePositive(text: string): number {
  const value = toNumber(text);
  if (!(value > 0)) throw new InvalidArgumentError(`Expected a number above 0, but found "${text}".`);
  return value;
}

/** @throws InvalidArgumentError */
export function parseCount(text: string): number {
  const value = toNumber(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`Expected a whole number above 0, but found "${text}".`);
  return value;
}

/** How often to read a face again, 1 to 3. @throws InvalidArgumentError */
export function parsePasses(text: string): number {
  const value = toNumber(text);
  if (!(Number.isInteger(value) && value >= 1 && value <= 3))
    throw new InvalidArgumentError(`Expected 1, 2 or 3, but found "${text}".`);
  return value;
}

/** A number from 0 to 1. @throws InvalidArgumentError */
export function parseShare(text: string): number {
  const value = toNumber(text);
  if (!(value >= 0 && value <= 1))
    throw new InvalidArgumentError(`Expected a number from 0 to 1, but found "${text}".`);
  return value;
}

/**
 * Reads a comma-separated list whose items differ from each other.
 * @param parseItem throws InvalidArgumentError for an item that it can't read
 */
export function parseList<T>(parseItem: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const items = text.split(",").map((item) => {
      if (!item.trim()) throw new InvalidArgumentError("Expected an item between every two commas.");
      return parseItem(item.trim());
    });
    const twice = items.find((item, i) => items.indexOf(item) < i);
    if (twice !== undefined) throw new InvalidArgumentError(`${twice} is listed twice.`);
    return items;
  };
}

/** Reads `x,y,w,h`. @throws InvalidArgumentError */
export function parseBox(text: string): Box {
  try {
    return toBox(text.split(","));
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message} Expected x,y,w,h, as in 140,67,106,112.`);
  }
}

/** @throws Error when the fields aren't x, y, width and height in pixels */
export function toBox(fields: readonly (string | undefined)[]): Box {
  const [x, y, width, height] = fields.map(toNumber) as [number, number, number, number];
  const box = { x, y, width, height };
  const numbers = Object.values(box);
  if (fields.length !== 4 || numbers.some(Number.isNaN) || width <= 0 || height <= 0)
    throw new Error("Expected four numbers in pixels, with a width and a height above 0.");
  if (numbers.every(isFraction))
    throw new Error("Expected a box in pixels, but these numbers look like fractions of the image's size.");
  return box;
}
