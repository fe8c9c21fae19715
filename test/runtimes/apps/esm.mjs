import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { probe } from "../probe.mjs";

console.log(JSON.stringify(await probe(createLandmarker, createFinder)));
