import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Puts each text of a page between `<!-- its name -->` and `<!-- end -->`. */
export function fill(file: string, texts: Readonly<Record<string, string>>): void {
  let page = readFileSync(file, "utf8");
  for (const [name, text] of Object.entries(texts)) {
    const [start, end] = [`<!-- ${name} -->\n`, "\n<!-- end -->"];
    const at = page.indexOf(start);
    if (at < 0) throw new Error(`${file} has no mark ${start.trim()}`);
    const from = at + start.length;
    page = `${page.slice(0, from)}\n${text}\n${page.slice(page.indexOf(end, from))}`;
  }
  writeFileSync(`${file}.part`, page);
  renameSync(`${file}.part`, file);
}
