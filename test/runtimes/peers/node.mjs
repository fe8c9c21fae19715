// node node.mjs <app> [options as JSON]: prints what was measured.
import { readFile } from "node:fs/promises";
import { measure, say, unpack } from "./measure.mjs";

const [app, options = "{}"] = process.argv.slice(2);
const given = unpack(JSON.parse(await readFile(new URL("public/given.json", import.meta.url), "utf8")));
try {
  const load = () => import(`./apps/${app}.mjs`);
  console.log(JSON.stringify(await measure(load, given, JSON.parse(options))));
} catch (error) {
  console.log(JSON.stringify({ error: say(error) }));
}
process.exit(); // some leave workers behind
