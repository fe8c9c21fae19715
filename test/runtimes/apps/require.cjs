const { createLandmarker } = require("fivepoint");

import("../probe.mjs").then(async ({ probe }) => console.log(JSON.stringify(await probe(createLandmarker))));
