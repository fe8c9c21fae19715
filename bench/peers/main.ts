/** `npm run bench:peers`: fivepoint beside other people's face finders and landmark networks. README.md says what it needs. */
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { readImage } from "fivepoint/node";
import { fill } from "../../scripts/fill.ts";
import { labelledPhotos } from "../labels.ts";
import { pinTo } from "../pin.ts";
import { markdownTable } from "../table.ts";
import { ask, lay, type Part } from "./answers.ts";
import { FINDERS, LANDMARKS } from "./contenders.ts";
import * as finders from "./finders.ts";
import * as landmarks from "./landmarks.ts";
import { measureTimes, readTimes } from "./times.ts";

/** A finder and what reads its points, in README.md. */
const JOBS = [
  ["**fivepoint**, `findFaces`", "fivepoint-320", "fivepoint-found"],
  ["YuNet", "yunet-320", "yunet"],
  ["MediaPipe, BlazeFace and mesh with attention", "blazeface-short", "attention-mesh"],
  ["MTCNN", "mtcnn", "mtcnn"],
  ["face-api, tiny networks", "face-api", "face-api-68-tiny"],
] as const;
const SUMMARY = ["LFPW", "HELEN", "MTFL"];

const readSets = async () => {
  const sets: landmarks.Trial[][] = [];
  for (const set of landmarks.SETS) sets.push(await landmarks.readSet(set));
  return sets;
};

const keysOf = (contenders: object, prefixes: readonly string[]) =>
  Object.keys(contenders).filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));

async function askFinders(keys: readonly string[]): Promise<void> {
  const photos = await Promise.all(labelledPhotos().map(({ file }) => readImage(file)));
  const part = lay("finders", photos);
  for (const key of keys) await ask("finders", key, FINDERS[key]!, [part], true);
}

async function askLandmarks(keys: readonly string[]): Promise<void> {
  const sets = await readSets();
  for (const given of ["box", "region"] as const) {
    const those = keys.filter((key) => LANDMARKS[key]!.given === given);
    const parts: Part[] = [];
    if (those.length > 0)
      for (const [i, trials] of sets.entries())
        parts.push(await landmarks.layFaces(`set-${i}`, trials, given));
    for (const key of those) await ask("landmarks", key, LANDMARKS[key]!, parts, false);
  }
}

async function writeTables(): Promise<void> {
  const faces = await finders.measure();
  const read = landmarks.measure(await readSets());
  const head = ["", "precision, %", "recall, %", `recall at ${finders.ALARMS} false, %`, ...SUMMARY];
  const summary = JOBS.map(([name, finder, reader]) => {
    const { points, curve } = faces[finder]!;
    const found = [finders.percent(points!.precision), finders.percent(points!.recall)];
    const errors = SUMMARY.map((set) => read.figures[reader]![set]!.debiased.toFixed(4));
    return [name, ...found, finders.bound(curve.recall, curve), ...errors];
  });
  fill("weights/FINDER_CARD.md", { peers: finders.findersTable(faces, readTimes("finders")) });
  fill("weights/MODEL_CARD.md", { peers: landmarks.landmarksTables(read, readTimes("landmarks")) });
  fill("README.md", { accuracy: markdownTable(head, summary) });
}

/** Every so many of the photos, and of the faces, are timed. */
const [EACH_PHOTO, EACH_FACE] = [5, 25];

async function time({ rounds, core }: { rounds: string; core: string }): Promise<void> {
  if (!pinTo(Number(core))) console.error("The processes can't be pinned to a core here: expect more noise.");
  const chosen = <T>(list: readonly T[], each: number) => [...list.keys()].filter((i) => i % each === 0);
  const photos = labelledPhotos();
  const somePhotos = chosen(photos, EACH_PHOTO);
  const part = lay("times", await Promise.all(somePhotos.map((i) => readImage(photos[i]!.file))));
  await measureTimes("finders", FINDERS, () => part, somePhotos, Number(rounds));
  const trials = (await readSets()).flat();
  const someFaces = chosen(trials, EACH_FACE);
  const some = someFaces.map((i) => trials[i]!);
  const parts = {
    box: await landmarks.layFaces("times", some, "box"),
    region: await landmarks.layFaces("times", some, "region"),
  };
  await measureTimes("landmarks", LANDMARKS, ({ given }) => parts[given], someFaces, Number(rounds));
}

const program = new Command("npm run bench:peers --").description(
  "Measures fivepoint beside other face finders and landmark networks, and writes the tables of README.md and the cards.",
);
const names = [...new Set([...Object.keys(FINDERS), ...Object.keys(LANDMARKS)])].join(", ");
program
  .command("ask")
  .description("Ask contenders for the faces of photos and the points of faces, and write the tables")
  .argument("[contenders...]", `those whose names start so, of ${names}; the others' last answers stay`, [""])
  .action(async (prefixes: string[]) => {
    const [faces, points] = [keysOf(FINDERS, prefixes), keysOf(LANDMARKS, prefixes)];
    if (faces.length + points.length === 0) program.error(`error: none of ${names} starts so`);
    if (faces.length > 0) await askFinders(faces);
    if (points.length > 0) await askLandmarks(points);
  });
program
  .command("times")
  .description("Time them all, on a machine that does nothing else, and write the tables")
  .option("--rounds <n>", "Rounds over all contenders", "7")
  .option("--core <n>", "Pin everything to this core (Linux only)", `${availableParallelism() - 1}`)
  .action(time);
program
  .command("tables")
  .description("Write the tables from the last answers and times")
  .action(() => {});
program.hook("postAction", writeTables);
await program.parseAsync();
