// What every runtime does with the pool. No API but the language's.
import { crops } from "../../probe.mjs";

/** Three crops one below the other are an image. */
export const image = { data: crops(), width: 48, height: 144, format: "bgr" };
export const boxes = Array.from({ length: 40 }, (_, i) => ({
  x: i % 7,
  y: 2 * i,
  width: 41 - (i % 9),
  height: 50,
}));
const missed = { x: 1e6, y: 0, width: 10, height: 10 };

const plain = ({ normalized, ...face }) => ({ normalized: [...normalized], ...face });

/** Of `find`: shrinks the image, and leaves nothing out. */
export const everything = { minScore: 0, maxSide: 96 };

export async function probe(createPool, createFinder) {
  const finder = await createFinder({ simd: "baseline" });
  const pool = await createPool({ size: 2, simd: "baseline", finder });
  const boxesFound = await pool.find(image, everything);
  const facesFound = await pool.findFaces(image);
  const without = await createPool({ size: 1 });
  const unfound = await without.find(image).catch(String);
  await without.dispose();
  const faces = await pool.detectAll(image, boxes);
  const refined = await pool.detect(image, boxes[0], { refine: 2 });
  const missing = await pool.detect(image, missed).catch(String);
  const many = [];
  for await (const { item, faces, error } of pool.detectMany([
    { image, boxes },
    { image, boxes: [missed] },
    { image },
  ]))
    many.push(item.boxes?.length, faces?.map(plain) ?? String(error));
  const [chip] = await pool.align(image, [refined]);
  await pool.dispose();
  return {
    faces: faces.map(plain),
    refined: plain(refined),
    missing,
    many,
    chip: [...chip.data],
    boxesFound,
    facesFound: facesFound.map(plain),
    unfound,
  };
}
