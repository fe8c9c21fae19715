/**
 * Reads an OpenVINO IR (versions 10 and 11): an XML file with layers and edges, a binary file with the constants.
 * https://docs.openvino.ai/2024/documentation/openvino-ir-format.html
 */
import { XMLParser } from "fast-xml-parser";
import { WeightsError } from "../../core/errors.ts";

export interface Layer {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** The attributes of its `data` element. */
  readonly data: Readonly<Record<string, string>>;
  /** The layers that feed its inputs, in the order of the ports. */
  readonly inputs: readonly Layer[];
}

/** The error for a layer that can't be taken. */
export const refusal = ({ name, type }: Layer, problem: string) =>
  new WeightsError(`The layer "${name}" (${type}) ${problem}.`);

/** An element: its attributes are texts; the elements inside it are lists, by their name. */
type Xml = { readonly [name: string]: string | readonly (Xml | string)[] | undefined };

/** The official files have up to 230 layers; a limit keeps walks along them short. */
const MAX_LAYERS = 1000;

/** @throws WeightsError when the text isn't an IR of version 10 or 11, or its edges don't fit its layers or go in a circle */
export function readGraph(xml: string): Layer[] {
  const [net] = children(parse(xml), "net");
  if (!net) throw new WeightsError("The model isn't an OpenVINO IR: it has no element net.");
  if (net.version !== "10" && net.version !== "11") {
    throw new WeightsError(
      `The model is an IR of version ${net.version}: only versions 10 and 11 can be read.`,
    );
  }
  const found = children(children(net, "layers")[0], "layer");
  if (found.length > MAX_LAYERS) {
    throw new WeightsError(`The model has ${found.length} layers, but this network has about a hundred.`);
  }
  const layers = new Map<string, Layer & { inputs: Layer[] }>();
  const ports = new Map<string, (string | undefined)[]>();
  for (const element of found) {
    const id = attribute(element, "id");
    const name = attribute(element, "name") ?? "";
    if (id === undefined || layers.has(id)) {
      throw new WeightsError(`The layer "${name}" has ${id === undefined ? "no id" : "the id of another"}.`);
    }
    layers.set(id, { id, name, type: attribute(element, "type") ?? "", data: readData(element), inputs: [] });
    const input = children(children(element, "input")[0], "port");
    ports.set(
      id,
      input.map((port) => attribute(port, "id")),
    );
  }
  for (const edge of children(children(net, "edges")[0], "edge")) {
    const [fromId, toId, toPort] = ["from-layer", "to-layer", "to-port"].map((key) => attribute(edge, key));
    const from = layers.get(fromId ?? "");
    const to = layers.get(toId ?? "");
    const port = to ? ports.get(to.id)!.indexOf(toPort) : -1;
    if (!from || !to || port < 0) {
      throw new WeightsError(`The model has an edge from layer ${fromId} to ${toId} that doesn't exist.`);
    }
    if (to.inputs[port]) throw new WeightsError(`Input ${port} of the layer "${to.name}" has two edges.`);
    to.inputs[port] = from;
  }
  for (const { name, inputs, id } of layers.values()) {
    const wanted = ports.get(id)!.length;
    for (let i = 0; i < wanted; i++)
      if (!inputs[i]) throw new WeightsError(`Input ${i} of the layer "${name}" isn't connected.`);
  }
  refuseCircles(layers.values());
  return [...layers.values()];
}

function parse(xml: string): Xml {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
  });
  try {
    return parser.parse(xml, true) as Xml;
  } catch (error) {
    throw new WeightsError(`The model isn't XML: ${(error as Error).message}`);
  }
}

/** The elements of that name. The parser gives one without attributes and content as a text. */
function children(parent: Xml | undefined, name: string): Xml[] {
  const found = parent?.[name];
  return Array.isArray(found) ? found.map((child) => (typeof child === "string" ? {} : child)) : [];
}

function attribute(element: Xml, name: string): string | undefined {
  const value = element[name];
  return typeof value === "string" ? value : undefined;
}

/** A layer's attributes; early files of version 10 give a constant's type and shape by its output port alone. */
function readData(layer: Xml): Record<string, string> {
  const data: Record<string, string> = {};
  const [port] = children(children(layer, "output")[0], "port");
  const precision = port && attribute(port, "precision");
  if (attribute(layer, "type") === "Const" && precision) {
    data.element_type = precision.toLowerCase().replace("fp", "f");
    data.shape = Array.isArray(port.dim) ? port.dim.join() : "";
  }
  for (const [name, value] of Object.entries(children(layer, "data")[0] ?? {})) {
    if (typeof value === "string") data[name] = value;
  }
  return data;
}

/** Removes layers all of whose inputs are removed until none is left. */
function refuseCircles(layers: Iterable<Layer>): void {
  let left = new Set(layers);
  while (left.size > 0) {
    const next = new Set([...left].filter(({ inputs }) => inputs.some((input) => left.has(input))));
    if (next.size === left.size) {
      throw new WeightsError(`The layer "${[...left][0]!.name}" depends on itself.`);
    }
    left = next;
  }
}

/** A list attribute such as `"1, 3, 48, 48"`. */
export function list(text: string | undefined): number[] {
  return text === undefined || text.trim() === "" ? [] : text.split(",").map(Number);
}
