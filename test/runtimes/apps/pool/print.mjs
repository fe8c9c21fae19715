import { createFinder } from "fivepoint/finder";
import { createPool } from "fivepoint/pool";
import { probe } from "./probe.mjs";

console.log(
  JSON.stringify(await probe(createPool, createFinder).catch((error) => ({ error: String(error) }))),
);
