import { createLandmarker } from "fivepoint";
import { probe } from "../../../probe.mjs";

export default () => probe(createLandmarker);
