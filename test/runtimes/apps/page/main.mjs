import { createLandmarker } from "fivepoint";
import { probe } from "../../probe.mjs";

globalThis.report = probe(createLandmarker).catch((error) => ({ error: String(error) }));
