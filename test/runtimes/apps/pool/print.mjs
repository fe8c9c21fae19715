import { createPool } from "fivepoint/pool";
import { probe } from "./probe.mjs";

console.log(JSON.stringify(await probe(createPool).catch((error) => ({ error: String(error) }))));
