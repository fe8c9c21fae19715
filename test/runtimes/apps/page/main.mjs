import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { probe } from "../../probe.mjs";

globalThis.report = probe(createLandmarker, createFinder).catch((error) => ({ error: String(error) }));
