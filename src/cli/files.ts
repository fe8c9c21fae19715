/** Files: read with errors for people, written so that nothing of theirs is lost. */
import { randomUUID } from "node:crypto";
import {
  access,
  chmod,
  chown,
  constants,
  mkdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { getSystemErrorMap } from "node:util";

/** Why something failed: of the system's errors what they mean, like "permission denied", without path and call. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, meaning] = getSystemErrorMap().get((error as NodeJS.ErrnoException).errno ?? 0) ?? [];
  return meaning ?? error.message;
}

/** An error that says which file it is about. */
export function fileError(path: string, error: unknown): Error {
  return new Error(`${path}: ${reasonOf(error)}`, { cause: error });
}

/** @throws Error naming the file when it can't be read */
export async function readInput(path: string): Promise<Buffer> {
  return readFile(path).catch((error) => {
    throw fileError(path, error);
  });
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** The path of a file without links, whether the file is there already or not. */
export async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const folder = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || folder === path) return resolve(path);
    const target = await readlink(path).catch(() => undefined);
    const parent = await realTarget(folder);
    return target === undefined ? join(parent, basename(path)) : realTarget(resolve(parent, target));
  }
}

/**
 * Writes a file that is there whole or not at all, and makes its folder. A link stays a link, a file keeps its mode and
 * its owner, a pipe or a device is written into.
 *
 * Not by a package: write-file-atomic 7 and atomically 2 put their own ending behind a name that may have no room for it,
 * and don't look how much a write took, so that on a full disk they put a torn file in the place of a whole one.
 * @throws Error naming the file
 */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  try {
    const before = await stat(path).catch(() => undefined);
    if (before?.isFIFO() || before?.isCharacterDevice()) return await writeFile(path, data);
    if (before && !before.isFile())
      throw new Error(before.isDirectory() ? "is a folder" : "is no regular file");
    if (before) await access(path, constants.W_OK); // renaming would replace what is write-protected
    const target = await realTarget(path);
    await makeFolder(dirname(target));
    const temporary = join(dirname(target), `.fivepoint-${randomUUID()}.tmp`);
    try {
      await writeFile(temporary, data, { flag: "wx" });
      if (before) {
        await chown(temporary, before.uid, before.gid).catch(() => {}); // only root may give files away
        await chmod(temporary, before.mode);
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

/** One folder at a time: Node's own recursive mkdir never returns where the system makes none, as below /proc. */
async function makeFolder(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  await makeFolder(dirname(path));
  await mkdir(path).catch((error) => {
    if (error.code !== "EEXIST") throw error; // another process was faster
  });
}
