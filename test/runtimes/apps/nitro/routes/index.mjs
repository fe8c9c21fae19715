import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { probe } from "../../../probe.mjs";

export default () => probe(createLandmarker, createFinder);
