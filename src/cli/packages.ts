/** Optional packages: beside fivepoint, or else where the command is run (npx and a global install lie elsewhere). */
import { createRequire } from "node:module";
import { join } from "node:path";

const SEARCHED_FROM = [import.meta.url, join(process.cwd(), "package.json")];

/**
 * Finds an installed package.
 * @param name its name, or that of a file in it
 * @returns the path of its main file, undefined where it isn't installed
 */
export function findPackage(name: string): string | undefined {
  for (const module of SEARCHED_FROM) {
    try {
      return createRequire(module).resolve(name);
    } catch {}
  }
  return undefined;
}
