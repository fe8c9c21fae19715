import { createLandmarker } from "fivepoint";
import { probe } from "../../../../probe.mjs";

export const runtime = "edge";
export const dynamic = "force-dynamic";

export async function GET() {
  return Response.json(await probe(createLandmarker));
}
