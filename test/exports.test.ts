/** What each entry of the package exports when it runs is what its types say, no less and no more. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

type Conditions = Record<string, string>;
const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, string | Conditions>;
};
/** Types → the files that run, but for those in which a module's import is the runtime's own. */
const entries = Object.entries(exports).flatMap(([name, conditions]) => {
  if (typeof conditions === "string" || !conditions.types) return [];
  const { types, workerd, "edge-light": edge, ...others } = conditions;
  const files = [...new Set(Object.values(others))].filter((file) => file.endsWith(".js"));
  return files.map((file) => ({ name, types: types!, file }));
});
const program = ts.createProgram([...new Set(entries.map(({ types }) => types))], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

/** The names of a declaration file's exports that are values. */
function declared(file: string): string[] {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return checker
    .getExportsOfModule(module)
    .filter((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const typeOnly = symbol.declarations?.some((each) => ts.isTypeOnlyExportDeclaration(each));
      return !typeOnly && (target.flags & ts.SymbolFlags.Value) !== 0;
    })
    .map(({ name }) => name)
    .sort();
}

describe("the exports", () => {
  it.each(entries)("of $name, $file", async ({ types, file }) => {
    const names = declared(types);
    expect(names.length).toBeGreaterThan(0);
    expect(Object.keys(await import(pathToFileURL(file).href)).sort()).toEqual(names);
  });
});
