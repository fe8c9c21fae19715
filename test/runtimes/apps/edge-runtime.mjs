import { createLandmarker } from "fivepoint";
import { probe } from "../probe.mjs";

addEventListener("fetch", (event) =>
  event.respondWith(probe(createLandmarker).then((report) => Response.json(report))),
);
