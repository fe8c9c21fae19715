/** Where `detect` puts the drawing and the aligned faces of each image. */
import { dirname, join, relative, resolve, sep } from "node:path";
import { InvalidArgumentError } from "commander";
import { isFolder } from "../files.ts";
import { formatOf, STDIN, WRITTEN } from "../images.ts";
import { OutputPlan } from "../outputs.ts";

/** What is written of one image. */
export interface Targets {
  readonly drawing?: string | undefined;
  readonly chip?: string | undefined;
  /** Whether the aligned face has a number in its name even if it is the only one. */
  readonly numbered: boolean;
}

/**
 * Of one image: the file that is named, or into the folder that is. Of several: into the folder, by the same name below
 * the folder that all have in common; the image of standard input as stdin.png.
 * @param read other files that the run reads
 * @param most how many faces an image may have
 * @throws InvalidArgumentError when that can't be, when an input would be overwritten or two results share a name
 */
export async function planTargets(
  images: readonly string[],
  several: boolean,
  { out, align }: { readonly out?: string; readonly align?: string },
  read: readonly (string | undefined)[],
  most: (path: string) => number,
): Promise<(path: string) => Targets> {
  const drawing = out === undefined ? undefined : await namer("--out", out, images, several);
  const chip = align === undefined ? undefined : await namer("--align", align, images, several);
  if (!drawing && !chip) return () => ({ numbered: false });
  const plan = new OutputPlan();
  await plan.read(...filesOf(images), ...read);
  const planned = new Set<string>();
  for (const path of images) {
    if (planned.has(resolve(path))) continue; // named twice, it is written twice, alike
    planned.add(resolve(path));
    if (drawing) await plan.write("--out", drawing(path));
    if (!chip) continue;
    await plan.write("--align", chip(path));
    if (most(path) > 1) await plan.writeSeries("--align", chip(path), most(path));
  }
  // `a.jpg` of two faces makes a-1.jpg: where there is an image of that name, every chip is numbered, and it makes a-1-1.jpg.
  const numbered = plan.settleSeries().has("--align");
  return (path) => ({ drawing: drawing?.(path), chip: chip?.(path), numbered });
}

async function namer(
  flag: string,
  out: string,
  images: readonly string[],
  several: boolean,
): Promise<(path: string) => string> {
  const folder = out.endsWith("/") || out.endsWith(sep) || (await isFolder(out));
  if (!folder && several && formatOf(out))
    throw new InvalidArgumentError(`${flag} ${out}: expected a folder, since there are several images.`);
  if (!folder && !several && !formatOf(out))
    throw new InvalidArgumentError(`${flag} ${out}: expected ${WRITTEN}, or a folder, as in ${out}/.`);
  if (!folder && !several) return () => out;
  const root = commonFolder(filesOf(images));
  return (path) => {
    const name = join(out, path === STDIN ? "stdin" : relative(root, resolve(path)));
    return formatOf(name) ? name : `${name}.png`;
  };
}

const filesOf = (images: readonly string[]) => images.filter((path) => path !== STDIN);

/** The folder that all files lie below. Paths are compared by their parts: `..x` isn't the folder above. */
function commonFolder(files: readonly string[]): string {
  const [first = [], ...others] = files.map((path) => dirname(resolve(path)).split(sep));
  const common = others.reduce((common, folder) => {
    const end = common.findIndex((part, i) => part !== folder[i]);
    return end < 0 ? common : common.slice(0, end);
  }, first);
  return common.join(sep) + sep;
}
