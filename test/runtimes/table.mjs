// Writes what runtimes.test.ts measured into docs/RUNTIMES.md: npx vitest run test/runtimes/runtimes.test.ts && node test/runtimes/table.mjs
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const reports = JSON.parse(readFileSync("build/runtimes.json", "utf8"));
const number = (value, digits) => (value === null ? "–" : value.toFixed(digits));
const rows = Object.entries(reports).map(
  ([name, { tier, coldMs, faceMs }]) =>
    `| ${name} | yes | ${tier} | ${number(coldMs, 1)} | ${number(faceMs, 2)} |`,
);
const table = [
  "| runtime | works as installed | tier | cold start, ms | one face, ms |",
  "| --- | --- | --- | --: | --: |",
  ...rows,
].join("\n");

const file = "docs/RUNTIMES.md";
const [before, , after] = readFileSync(file, "utf8").split(/<!-- (?:table|end) -->/);
writeFileSync(`${file}.part`, `${before}<!-- table -->\n\n${table}\n\n<!-- end -->${after}`);
renameSync(`${file}.part`, file);
