// What test runners with a DOM of their own run: the globals are those of jsdom or happy-dom, some of Node's beside them.
import { createLandmarker } from "fivepoint";
import { createFinder } from "fivepoint/finder";
import { createPool } from "fivepoint/pool";

const crop = new Uint8Array(6912).fill(99);

test("a landmarker reads, and says what it is", async () => {
  const landmarker = await createLandmarker();
  expect(landmarker.run(crop)).toHaveLength(10);
  expect(landmarker.info.weights.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test("a finder looks, and says what it is", async () => {
  const finder = await createFinder();
  expect(finder.find({ data: new Uint8Array(64 * 64), width: 64, height: 64, format: "gray" })).toEqual([]);
  expect(finder.info.weights.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test("a pool reads, or says why there is none", async () => {
  const pool = await createPool({ size: 1 }).catch((error) => error);
  if (pool instanceof Error) {
    expect(pool.message).toBe("There are no workers here: use createLandmarker from fivepoint.");
    return;
  }
  expect(await pool.run(crop)).toHaveLength(10);
  await pool.dispose();
});

test.each(["canvas", "img", "video"])("a <%s> is named, and what to call", async (name) => {
  const element = document.createElement(name);
  const detect = async () => (await createLandmarker()).detect(element);
  await expect(detect).rejects.toThrow(
    /readImage of fivepoint\/web.*for image, but received an object of type HTML/,
  );
});
