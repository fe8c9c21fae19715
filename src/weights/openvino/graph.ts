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
  /** The attributes of the layer's `data`. */
  readonly data: Readonly<Record<string, string>>;
  /** What feeds each input, in the order of the ports. */
  readonly inputs: readonly Layer[];
}

export interface Graph {
  readonly layers: readonly Layer[];
}

type Xml = { [key: string]: Xml[] & string };

/** @throws WeightsError when the text isn't an IR of version 10 or 11 or its edges don't fit its layers */
export function readGraph(xml: string): Graph {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
  });
  let root: Xml;
  try {
    root = parser.parse(xml, true) as Xml;
  } catch (error) {
    throw new WeightsError(`The model isn't XML: ${(error as Error).message}`);
  }
  const net = root.net?.[0] as Xml | undefined;
  if (!net) throw new WeightsError("The model isn't an OpenVINO IR: it has no element net.");
  if (net.version !== ("10" as never) && net.version !== ("11" as never)) {
    throw new WeightsError(`The model is an IR of version ${net.version}: versions 10 and 11 are read.`);
  }
  const found = (net.layers?.[0] as Xml | undefined)?.layer ?? [];
  const layers = new Map<string, Layer & { inputs: Layer[] }>();
  const ports = new Map<string, string[]>();
  for (const xmlLayer of found as unknown as Xml[]) {
    const id = String(xmlLayer.id);
    const { name, type } = xmlLayer as unknown as { name: string; type: string };
    const data = (xmlLayer.data?.[0] ?? {}) as unknown as Record<string, string>;
    layers.set(id, { id, name, type, data, inputs: [] });
    const input = (xmlLayer.input?.[0] as Xml | undefined)?.port ?? [];
    ports.set(
      id,
      (input as unknown as { id: string }[]).map((port) => port.id),
    );
  }
  const edges = (net.edges?.[0] as Xml | undefined)?.edge ?? [];
  for (const edge of edges as unknown as Record<string, string>[]) {
    const from = layers.get(edge["from-layer"]!);
    const to = layers.get(edge["to-layer"]!);
    const port = ports.get(edge["to-layer"]!)?.indexOf(edge["to-port"]!) ?? -1;
    if (!from || !to || port < 0) {
      throw new WeightsError(
        `The model has an edge from layer ${edge["from-layer"]} to ${edge["to-layer"]} that doesn't exist.`,
      );
    }
    to.inputs[port] = from;
  }
  for (const { name, inputs, id } of layers.values()) {
    const wanted = ports.get(id)!.length;
    for (let i = 0; i < wanted; i++)
      if (!inputs[i]) throw new WeightsError(`Input ${i} of the layer "${name}" isn't connected.`);
  }
  return { layers: [...layers.values()] };
}

/** A list attribute such as `"1, 3, 48, 48"`. */
export function list(text: string | undefined): number[] {
  return text === undefined || text.trim() === "" ? [] : text.split(",").map(Number);
}
