import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { probe } from "../probe.mjs";

addEventListener("fetch", (event) =>
  event.respondWith(probe(createLandmarker, createFinder).then((report) => Response.json(report))),
);
