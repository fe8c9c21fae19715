// An edge function: answers with the report, or reads ?faces= crops by one landmarker, made by the first request for some.
import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { crops, probe } from "../probe.mjs";

let landmarker;

export default {
  async fetch(request) {
    const faces = new URL(request.url).searchParams.get("faces");
    if (faces === null) return Response.json(await probe(createLandmarker, createFinder));
    const crop = crops().subarray(0, 6912);
    for (let i = 0; i < Number(faces); i++) {
      landmarker ??= await createLandmarker();
      landmarker.run(crop);
    }
    return new Response(faces);
  },
};
