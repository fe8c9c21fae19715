/** Boxes as people write them in JSON. */
import type { Box } from "fivepoint";
import { RequestError } from "./errors.ts";

/** @throws RequestError 400 unless it is four numbers; the message begins with the name */
export function toBox(value: unknown, name: string): Box {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite)) {
    throw invalid(name, "four numbers x, y, width, height", value);
  }
  const [x, y, width, height] = value as [number, number, number, number];
  return { x, y, width, height };
}

/** @throws RequestError 400 unless it is a list of boxes; the message begins with the name */
export function toBoxes(value: unknown, name: string): Box[] {
  if (!Array.isArray(value)) throw invalid(name, "a list of boxes [x, y, width, height]", value);
  return value.map((box, i) => toBox(box, `${name}[${i}]`));
}

const invalid = (name: string, wanted: string, value: unknown) =>
  new RequestError(400, "invalid_request", `${name} must be ${wanted}, but is ${JSON.stringify(value)}.`);
