import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { probe } from "../../../../probe.mjs";

export const runtime = "edge";
export const dynamic = "force-dynamic";

export async function GET() {
  return Response.json(await probe(createLandmarker, createFinder));
}
