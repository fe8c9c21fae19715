// For Parcel, which finds no entry beside the main one unless its switch for package exports is on.
import { createLandmarker } from "fivepoint";
import { probe } from "../../probe.mjs";

globalThis.report = probe(createLandmarker).catch((error) => ({ error: String(error) }));
