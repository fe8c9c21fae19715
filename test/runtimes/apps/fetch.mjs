// An edge function: answers each request with the report.
import { createLandmarker } from "fivepoint";
import { probe } from "../probe.mjs";

export default { fetch: async () => Response.json(await probe(createLandmarker)) };
