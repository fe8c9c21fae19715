import { createPool } from "fivepoint/pool";
import { probe } from "./probe.mjs";

globalThis.report = probe(createPool).catch(({ message }) => ({ message }));
