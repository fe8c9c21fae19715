const { createLandmarker } = require("fivepoint");
const { createFinder } = require("fivepoint/finder");

import("../probe.mjs").then(async ({ probe }) =>
  console.log(JSON.stringify(await probe(createLandmarker, createFinder))),
);
