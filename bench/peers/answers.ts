/** Answers of contenders, kept in a file each, so that one of them can be measured again alone. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Box, ImageLike } from "fivepoint";
import type { Found, Reply, Request } from "./child.ts";
import { CACHE, type Contender, type Opened, open } from "./contenders.ts";

export interface Picture extends ImageLike {
  readonly box?: Box | undefined;
}

/** Pictures in a file: a request but for what is asked. */
export type Part = Pick<Request, "file" | "images">;

/** Lays pixels into a file of their own, for any number of contenders to read. */
export function lay(name: string, pictures: readonly Picture[]): Part {
  const file = join(CACHE, `${name}.rgb`);
  let offset = 0;
  const images = pictures.map(({ width, height, box }) => {
    const image = { offset, width, height, box };
    offset += width * height * 3;
    return image;
  });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(file, Buffer.concat(pictures.map(({ data }) => data as Uint8Array)));
  return { file, images };
}

export interface Answers extends Opened {
  /** By picture. */
  readonly found: readonly (readonly Found[])[];
  /** The same with answers below the contender's own threshold. */
  readonly all?: readonly (readonly Found[])[];
}

const answersFile = (table: string, key: string) => join(CACHE, "answers", table, `${key}.json`);

/** @throws Error for a contender that hasn't been asked */
export function readAnswers(table: string, key: string): Answers {
  try {
    return JSON.parse(readFileSync(answersFile(table, key), "utf8"));
  } catch (cause) {
    throw new Error(`${key} has no answers yet: npm run bench:peers -- ask ${key}`, { cause });
  }
}

/**
 * Asks one contender about pictures that were laid in parts, and keeps what it says.
 * @param withAll ask for answers below its own threshold, too
 */
export async function ask(
  table: string,
  key: string,
  contender: Contender,
  parts: readonly Part[],
  withAll: boolean,
): Promise<void> {
  console.error(`${table}: ${key}`);
  const { opened, ask, close } = await open(contender);
  const about = async (all: boolean) => {
    const found: (readonly Found[])[] = [];
    for (const part of parts) found.push(...((await ask({ ...part, all })) as Reply).found);
    return found;
  };
  const answers: Answers = {
    ...opened,
    found: await about(false),
    ...(withAll && { all: await about(true) }),
  };
  await close();
  const file = answersFile(table, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(answers));
}
