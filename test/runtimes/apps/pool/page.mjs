import { createFinder } from "fivepoint/finder";
import { createPool } from "fivepoint/pool";
import { send } from "../browser/send.mjs";
import { probe } from "./probe.mjs";

send(probe(createPool, createFinder));
