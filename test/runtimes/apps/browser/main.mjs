import { createFinder } from "/node_modules/fivepoint/dist/finder.js";
import { createLandmarker } from "/node_modules/fivepoint/dist/index.js";
import { probe } from "/probe.mjs";
import { send } from "./send.mjs";

send(probe(createLandmarker, createFinder));
